PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE artifact (
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            stage TEXT NOT NULL CHECK (stage IN ('extract', 'transform', 'generate', 'review', 'deliver')),
            position BIGINT NOT NULL,
            edition TEXT NOT NULL,
            format TEXT NOT NULL,
            file_name TEXT NOT NULL,
            media_type TEXT NOT NULL,
            content TEXT NOT NULL,
            bytes BIGINT NOT NULL,
            PRIMARY KEY (run, revision, stage, edition, format),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        );
CREATE TABLE attempt (
            delivery TEXT NOT NULL REFERENCES delivery (id),
            number BIGINT NOT NULL CHECK (number >= 1),
            email TEXT NOT NULL,
            phase TEXT CHECK (phase IN ('connected', 'body_started', 'final_sent')),
            outcome TEXT CHECK (outcome IN ('accepted', 'transient', 'permanent', 'in_doubt', 'delivered', 'bounced',
                'complained')),
            reply TEXT,
            started_at BIGINT NOT NULL,
            ended_at BIGINT,
            PRIMARY KEY (delivery, number)
        );
INSERT INTO "attempt" VALUES('b0e531529bb82d04cc92add28e146f14',1,'reports@harborlight.example','final_sent','accepted','written to /project/outbox/2026-11-28-1-reports@harborlight.example-28f241d94422e9ac.eml',1795837602856085,1795837602908024);
INSERT INTO "attempt" VALUES('d30bb47404d87d4fc85d68d534988bd1',1,'reports@oakline.example','final_sent','accepted','written to /project/outbox/2026-11-28-10-reports@oakline.example-1605914cf183c352.eml',1795837602909313,1795837602943771);
INSERT INTO "attempt" VALUES('ab4f74eca398ccd564abcbc17340f409',1,'reports@quillmark.example','final_sent','accepted','written to /project/outbox/2026-11-28-11-reports@quillmark.example-45fd367b1c0b44cf.eml',1795837602944589,1795837602951965);
INSERT INTO "attempt" VALUES('518248918f461dd55af29898beeef6d8',1,'reports@steelhead-freight.example','final_sent','accepted','written to /project/outbox/2026-11-28-12-reports@steelhead_freight.example-f6d00df8e3d431eb.eml',1795837602952603,1795837602961334);
INSERT INTO "attempt" VALUES('f0709cb08896bdcbc4a70a19db73246a',1,'reports@prairie-cycle.example','final_sent','accepted','written to /project/outbox/2026-11-28-2-reports@prairie_cycle.example-734c38e72fcd144b.eml',1795837602961938,1795837602966922);
INSERT INTO "attempt" VALUES('f78d06d75d5c1b0b4a7aa354aecb5d40',1,'reports@northbank-tools.example','final_sent','accepted','written to /project/outbox/2026-11-28-3-reports@northbank_tools.example-c711356d036bcd87.eml',1795837602968219,1795837602972428);
INSERT INTO "attempt" VALUES('bbeca759d1406ba60343842f7ba65b7c',1,'reports@lakeshore-outfitters.example','final_sent','accepted','written to /project/outbox/2026-11-28-4-reports@lakeshore_outfitters.example-ad1134b7124ac345.eml',1795837602973116,1795837602985428);
INSERT INTO "attempt" VALUES('cfd59b4a741cd6b44b3a38e1202785a2',1,'reports@brightwater.example','final_sent','accepted','written to /project/outbox/2026-11-28-5-reports@brightwater.example-093e223b730c00fa.eml',1795837602995226,1795837603003022);
INSERT INTO "attempt" VALUES('163c221ea82bf26f49178ab83abf0332',1,'reports@copperleaf.example','final_sent','accepted','written to /project/outbox/2026-11-28-6-reports@copperleaf.example-683f5ef35ab4f7f3.eml',1795837603003732,1795837603009011);
INSERT INTO "attempt" VALUES('c3288d89b6367d926735f479880f25f7',1,'reports@juniper-pine.example','final_sent','accepted','written to /project/outbox/2026-11-28-7-reports@juniper_pine.example-d15f5f1ae08245b3.eml',1795837603009948,1795837603018028);
INSERT INTO "attempt" VALUES('111a499792e858830979b3707fd30e68',1,'reports@meadowfield.example','final_sent','accepted','written to /project/outbox/2026-11-28-8-reports@meadowfield.example-f0850079c00b26e5.eml',1795837603018809,1795837603023529);
INSERT INTO "attempt" VALUES('d5261e4d92a5d1d6768094f190cc94cc',1,'reports@zinnober.example','final_sent','accepted','written to /project/outbox/2026-11-28-9-reports@zinnober.example-ab5c87d138b8f937.eml',1795837603024108,1795837603027221);
INSERT INTO "attempt" VALUES('8cd72b97b36c948646c9f2c61d6bb501',1,'reports@northbank-tools.example','final_sent','accepted','written to /project/outbox/2026-11-28-3-reports@northbank_tools.example-45bbeacbb6d7496d.eml',1795837603085000,1795837603089162);
CREATE TABLE delivery (
            id TEXT NOT NULL PRIMARY KEY,
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            edition TEXT NOT NULL,
            purpose TEXT NOT NULL CHECK (purpose IN ('preview', 'report', 'notice')),
            channel TEXT NOT NULL,
            recipient TEXT NOT NULL,
            copy BIGINT NOT NULL CHECK (copy >= 0),
            email TEXT NOT NULL,
            name TEXT,
            message_id TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'accepted', 'transient', 'permanent',
                'in_doubt', 'delivered', 'bounced', 'complained')),
            phase TEXT CHECK (phase IN ('connected', 'body_started', 'final_sent')),
            reply TEXT,
            attempts BIGINT NOT NULL DEFAULT 0,
            planned_at BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            UNIQUE (run, revision, edition, purpose, channel, recipient, copy),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        );
INSERT INTO "delivery" VALUES('111a499792e858830979b3707fd30e68','bbc1a19040c8d419',1,'8','report','outbox','reports@meadowfield.example',0,'reports@meadowfield.example',NULL,'<f0850079c00b26e55c60c87dbea92e5337df233c5f9e5c3c51bf6ac0192f7f73@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-8-reports@meadowfield.example-f0850079c00b26e5.eml',1,1795837602803446,1795837603023529);
INSERT INTO "delivery" VALUES('163c221ea82bf26f49178ab83abf0332','bbc1a19040c8d419',1,'6','report','outbox','reports@copperleaf.example',0,'reports@copperleaf.example',NULL,'<683f5ef35ab4f7f3be05c3d0a3cf3feaddee6fd2f087a0cbc75cf5298811c923@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-6-reports@copperleaf.example-683f5ef35ab4f7f3.eml',1,1795837602803446,1795837603009011);
INSERT INTO "delivery" VALUES('518248918f461dd55af29898beeef6d8','bbc1a19040c8d419',1,'12','report','outbox','reports@steelhead-freight.example',0,'reports@steelhead-freight.example',NULL,'<f6d00df8e3d431eb8d8c285f43c44cc2db3fa6e47459bee91dce57a7739faf7c@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-12-reports@steelhead_freight.example-f6d00df8e3d431eb.eml',1,1795837602803446,1795837602961334);
INSERT INTO "delivery" VALUES('ab4f74eca398ccd564abcbc17340f409','bbc1a19040c8d419',1,'11','report','outbox','reports@quillmark.example',0,'reports@quillmark.example',NULL,'<45fd367b1c0b44cfc627ba7f65fd03a4099f95fbaa37ec46e26c38955f3455be@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-11-reports@quillmark.example-45fd367b1c0b44cf.eml',1,1795837602803446,1795837602951965);
INSERT INTO "delivery" VALUES('b0e531529bb82d04cc92add28e146f14','bbc1a19040c8d419',1,'1','report','outbox','reports@harborlight.example',0,'reports@harborlight.example',NULL,'<28f241d94422e9acd76cd519659666163945698f1bc01e07b46dcd51a05dec3a@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-1-reports@harborlight.example-28f241d94422e9ac.eml',1,1795837602803446,1795837602908024);
INSERT INTO "delivery" VALUES('bbeca759d1406ba60343842f7ba65b7c','bbc1a19040c8d419',1,'4','report','outbox','reports@lakeshore-outfitters.example',0,'reports@lakeshore-outfitters.example',NULL,'<ad1134b7124ac3457fd5626578d47ff246906197a3f4e77076bbd7338c7aee0c@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-4-reports@lakeshore_outfitters.example-ad1134b7124ac345.eml',1,1795837602803446,1795837602985428);
INSERT INTO "delivery" VALUES('c3288d89b6367d926735f479880f25f7','bbc1a19040c8d419',1,'7','report','outbox','reports@juniper-pine.example',0,'reports@juniper-pine.example',NULL,'<d15f5f1ae08245b3aff99219189d96e317d91ba2a6a6faed86bb97eb86970fd5@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-7-reports@juniper_pine.example-d15f5f1ae08245b3.eml',1,1795837602803446,1795837603018028);
INSERT INTO "delivery" VALUES('cfd59b4a741cd6b44b3a38e1202785a2','bbc1a19040c8d419',1,'5','report','outbox','reports@brightwater.example',0,'reports@brightwater.example',NULL,'<093e223b730c00fa05d85026383fa203f6b4030c8c54f0857f92462aa0e72800@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-5-reports@brightwater.example-093e223b730c00fa.eml',1,1795837602803446,1795837603003022);
INSERT INTO "delivery" VALUES('d30bb47404d87d4fc85d68d534988bd1','bbc1a19040c8d419',1,'10','report','outbox','reports@oakline.example',0,'reports@oakline.example',NULL,'<1605914cf183c3524baf9abeed210b57c683d1d2c6a7da1f479ca2650a275e75@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-10-reports@oakline.example-1605914cf183c352.eml',1,1795837602803446,1795837602943771);
INSERT INTO "delivery" VALUES('d5261e4d92a5d1d6768094f190cc94cc','bbc1a19040c8d419',1,'9','report','outbox','reports@zinnober.example',0,'reports@zinnober.example',NULL,'<ab5c87d138b8f9373ed56ce709bc4392b92269c9bb34edc2d9e15405939d2a23@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-9-reports@zinnober.example-ab5c87d138b8f937.eml',1,1795837602803446,1795837603027221);
INSERT INTO "delivery" VALUES('f0709cb08896bdcbc4a70a19db73246a','bbc1a19040c8d419',1,'2','report','outbox','reports@prairie-cycle.example',0,'reports@prairie-cycle.example',NULL,'<734c38e72fcd144b64555848c9f7bcf2b2ab29a45e16f13740967d03cb585dc9@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-2-reports@prairie_cycle.example-734c38e72fcd144b.eml',1,1795837602803446,1795837602966922);
INSERT INTO "delivery" VALUES('f78d06d75d5c1b0b4a7aa354aecb5d40','bbc1a19040c8d419',1,'3','report','outbox','reports@northbank-tools.example',0,'reports@northbank-tools.example',NULL,'<c711356d036bcd87b8068b11a6da5dc96831cee1255ccb6edc148381d0fe87bf@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-3-reports@northbank_tools.example-c711356d036bcd87.eml',1,1795837602803446,1795837602972428);
INSERT INTO "delivery" VALUES('8cd72b97b36c948646c9f2c61d6bb501','bbc1a19040c8d419',1,'3','report','box','reports@northbank-tools.example',0,'reports@northbank-tools.example',NULL,'<45bbeacbb6d7496d822f7741a45e93556080822a73710ae7ce6e49a63565a95e@lakeside-analytics.example>','accepted','final_sent','written to /project/outbox/2026-11-28-3-reports@northbank_tools.example-45bbeacbb6d7496d.eml',1,1795837603079230,1795837603089162);
CREATE TABLE extract (
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            dataset TEXT NOT NULL,
            source TEXT NOT NULL,
            statement TEXT NOT NULL,
            binds TEXT NOT NULL,
            snapshot TEXT NOT NULL,
            rows BIGINT NOT NULL,
            bytes BIGINT NOT NULL,
            extracted_at BIGINT NOT NULL,
            PRIMARY KEY (run, revision, dataset),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        );
INSERT INTO "extract" VALUES('bbc1a19040c8d419',1,'spend','ads','SELECT account_ref, spend_date, platform, cost_cents, clicks, impressions
FROM ad_spend
WHERE spend_date >= ?1 AND spend_date < ?2','{"columns":{"spend_date":"date"},"source":{"name":"ads","path":"data/ads.sqlite","time_encoding":"native","timeout":"5m","timezone":"UTC","title":"Advertising spend","type":"sqlite"},"sql":{"fragments":[{"sql":"SELECT account_ref, spend_date, platform, cost_cents, clicks, impressions\nFROM ad_spend\nWHERE spend_date >= "},{"bind":{"expression":"period.start_date","value":{"date":"2026-10-01"}}},{"sql":" AND spend_date < "},{"bind":{"expression":"period.end_date","value":{"date":"2026-11-01"}}}]}}','4568c037f7d8276bac2b7856d86e9e9461ea07158ff0fca698f48f21e25dde12',74,3055,1795837600710892);
INSERT INTO "extract" VALUES('bbc1a19040c8d419',1,'tickets','helpdesk','SELECT customer, opened_at, priority, first_response_minutes
FROM tickets
WHERE opened_at >= ?1 AND opened_at < ?2','{"columns":{"opened_at":"timestamp"},"source":{"name":"helpdesk","path":"data/tickets.sqlite","time_encoding":"text(%Y-%m-%d %H:%M:%S)","timeout":"5m","timezone":"America/Chicago","title":"Support tickets, in local time","type":"sqlite"},"sql":{"fragments":[{"sql":"SELECT customer, opened_at, priority, first_response_minutes\nFROM tickets\nWHERE opened_at >= "},{"bind":{"expression":"period.start_local","value":{"local":"2026-10-01T00:00:00"}}},{"sql":" AND opened_at < "},{"bind":{"expression":"period.end_local","value":{"local":"2026-11-01T00:00:00"}}}]}}','dcc44a9cf0726a83aaefdc8ba10fff665cf4a49f8fab6758368c9d7dfdb1a928',24,1731,1795837600726902);
INSERT INTO "extract" VALUES('bbc1a19040c8d419',1,'spend@previous','ads','SELECT account_ref, spend_date, platform, cost_cents, clicks, impressions
FROM ad_spend
WHERE spend_date >= ?1 AND spend_date < ?2','{"columns":{"spend_date":"date"},"source":{"name":"ads","path":"data/ads.sqlite","time_encoding":"native","timeout":"5m","timezone":"UTC","title":"Advertising spend","type":"sqlite"},"sql":{"fragments":[{"sql":"SELECT account_ref, spend_date, platform, cost_cents, clicks, impressions\nFROM ad_spend\nWHERE spend_date >= "},{"bind":{"expression":"period.start_date","value":{"date":"2026-09-01"}}},{"sql":" AND spend_date < "},{"bind":{"expression":"period.end_date","value":{"date":"2026-10-01"}}}]}}','f34954ca1992e69a85efad5f88767ccbb366ad6a306ad66bd09ee8a48985cd86',64,2963,1795837600742885);
INSERT INTO "extract" VALUES('bbc1a19040c8d419',1,'clients','crm','read data/clients.csv','{"columns":{"active":"bool","client_id":{"from":"id","type":"int"}},"source":{"name":"crm","path":"data/clients.csv","time_encoding":"native","timeout":"5m","timezone":"UTC","title":"Clients","type":"csv"},"sql":null}','9e8e0bf311404649f83e8581f504b7f13dec9effc26edc03c2474e09afb7eadb',12,2178,1795837600753039);
INSERT INTO "extract" VALUES('bbc1a19040c8d419',1,'tickets@previous','helpdesk','SELECT customer, opened_at, priority, first_response_minutes
FROM tickets
WHERE opened_at >= ?1 AND opened_at < ?2','{"columns":{"opened_at":"timestamp"},"source":{"name":"helpdesk","path":"data/tickets.sqlite","time_encoding":"text(%Y-%m-%d %H:%M:%S)","timeout":"5m","timezone":"America/Chicago","title":"Support tickets, in local time","type":"sqlite"},"sql":{"fragments":[{"sql":"SELECT customer, opened_at, priority, first_response_minutes\nFROM tickets\nWHERE opened_at >= "},{"bind":{"expression":"period.start_local","value":{"local":"2026-09-01T00:00:00"}}},{"sql":" AND opened_at < "},{"bind":{"expression":"period.end_local","value":{"local":"2026-10-01T00:00:00"}}}]}}','d0af62f1e35f67e9cc769fa967ba5becd6d7007231a9ffe887d425defe2ef0e8',22,1716,1795837600767132);
INSERT INTO "extract" VALUES('bbc1a19040c8d419',1,'traffic@previous','warehouse','SELECT client_id, occurred_at, channel, visits, orders, revenue
FROM traffic
WHERE occurred_at >= ?1 AND occurred_at < ?2','{"columns":{"occurred_at":"timestamptz","revenue":"decimal(12,2)"},"source":{"name":"warehouse","path":"data/traffic.sqlite","time_encoding":"epoch_us","timeout":"5m","timezone":"UTC","title":"Traffic and revenue","type":"sqlite"},"sql":{"fragments":[{"sql":"SELECT client_id, occurred_at, channel, visits, orders, revenue\nFROM traffic\nWHERE occurred_at >= "},{"bind":{"expression":"period.start_instant","value":{"instant":"2026-09-01T05:00:00Z"}}},{"sql":" AND occurred_at < "},{"bind":{"expression":"period.end_instant","value":{"instant":"2026-10-01T05:00:00Z"}}}]}}','5ef31fe07de9c0e9234feec7c87a076349882a5a24358b7377bba0573e9c40a1',425,7131,1795837600774896);
INSERT INTO "extract" VALUES('bbc1a19040c8d419',1,'traffic','warehouse','SELECT client_id, occurred_at, channel, visits, orders, revenue
FROM traffic
WHERE occurred_at >= ?1 AND occurred_at < ?2','{"columns":{"occurred_at":"timestamptz","revenue":"decimal(12,2)"},"source":{"name":"warehouse","path":"data/traffic.sqlite","time_encoding":"epoch_us","timeout":"5m","timezone":"UTC","title":"Traffic and revenue","type":"sqlite"},"sql":{"fragments":[{"sql":"SELECT client_id, occurred_at, channel, visits, orders, revenue\nFROM traffic\nWHERE occurred_at >= "},{"bind":{"expression":"period.start_instant","value":{"instant":"2026-10-01T05:00:00Z"}}},{"sql":" AND occurred_at < "},{"bind":{"expression":"period.end_instant","value":{"instant":"2026-11-01T05:00:00Z"}}}]}}','b1ec3449baf26d4d41e755a3d79ce47eaac53a8bc9360ef5042cac3edfe027dd',439,7439,1795837600790880);
CREATE TABLE finding (
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            stage TEXT NOT NULL CHECK (stage IN ('extract', 'transform', 'generate', 'review', 'deliver')),
            position BIGINT NOT NULL,
            finding TEXT NOT NULL,
            PRIMARY KEY (run, revision, stage, position),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        );
CREATE TABLE migration (
    number BIGINT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL
);
INSERT INTO "migration" VALUES(1,'4dd836bbe8c27ba93bbbfd7fdff2af5e7ec7ece0bd528b56a8e8b6b0691f7124');
CREATE TABLE revision (
            run TEXT NOT NULL REFERENCES run (id),
            number BIGINT NOT NULL CHECK (number >= 1),
            state TEXT NOT NULL CHECK (state IN ('queued', 'waiting', 'generating', 'formatting', 'reviewing',
                'distributing', 'completed', 'partial', 'failed', 'skipped', 'cancelled')),
            message TEXT,
            definition_hash TEXT NOT NULL,
            definition TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            PRIMARY KEY (run, number)
        );
INSERT INTO "revision" VALUES('bbc1a19040c8d419',1,'completed',NULL,'b2d102fa95f9f9d5b4b5ce9a650a21acc0f49cea4b5cb4f45e2bf8eef32f3bde','{"list":{"domains":{"1":["harborlight.example"],"10":["oakline.example"],"11":["quillmark.example"],"12":["steelhead-freight.example"],"2":["prairie-cycle.example"],"3":["northbank-tools.example"],"4":["lakeshore-outfitters.example"],"5":["brightwater.example"],"6":["copperleaf.example"],"7":["juniper-pine.example"],"8":["meadowfield.example"],"9":["zinnober.example"]},"members":[{"email":"reports@harborlight.example","key":"1"},{"email":"reports@prairie-cycle.example","key":"2"},{"email":"reports@northbank-tools.example","key":"3"},{"email":"reports@lakeshore-outfitters.example","key":"4"},{"email":"reports@brightwater.example","key":"5"},{"email":"reports@copperleaf.example","key":"6"},{"email":"reports@juniper-pine.example","key":"7"},{"email":"reports@meadowfield.example","key":"8"},{"email":"reports@zinnober.example","key":"9"},{"email":"reports@oakline.example","key":"10"},{"email":"reports@quillmark.example","key":"11"},{"email":"reports@steelhead-freight.example","key":"12"}],"name":"client-contacts"},"report":{"burst":{"as":"client","by":"client_id","from":"clients"},"currency":"USD","deliver":{"after":{"at":"08:00:00","days":2},"attach":["pdf","xlsx"],"only_if":{"rows":1},"subject":"{{ client.name }}: your report for {{ period.label }}","summary":"{{ summary.visits | format_number }} visits, {{ summary.revenue | format_currency }} revenue in {{ period.label }}.","to":"client-contacts"},"expect":{"editions":12,"recipients":12,"tolerance_percent":0},"formats":["pdf","xlsx","csv","json","html"],"locale":"en-US","name":"monthly-client-report","period":"month","schedules":[{"cron":"0 6 1 * *"}],"template":"client-performance@1","timezone":"America/Chicago","title":"Monthly client report"},"template":{"layout":{"sections":[{"compare":"previous_period","data":"summary","name":"figures","shared":false,"type":"figures","values":["visits","orders",{"field":"revenue","format":"currency"},{"field":"ad_spend","format":"currency","label":"Ad spend"},{"field":"tickets","label":"Support tickets"}]},{"name":"overview","text":"In {{ period.label }}, {{ client.name }} had {{ summary.visits | format_number }} visits and {{ summary.orders | format_number }} orders worth {{ summary.revenue | format_currency }}.","type":"text"},{"chart":"line","data":"daily","name":"trend","shared":false,"title":"Visits by day","type":"chart","x":"day","y":["visits"]},{"chart":"bar","data":"by_channel","name":"channel-chart","shared":false,"title":"Revenue by channel","type":"chart","x":"channel","y":[{"field":"revenue","format":"currency"}]},{"columns":["channel","visits","orders",{"field":"revenue","format":"currency"},{"decimals":2,"field":"conversion","format":"percent","formula":"orders / visits"},{"field":"order_value","format":"currency","formula":"revenue / orders","label":"Average order"}],"data":"by_channel","name":"channels","shared":false,"title":"Channels","totals":true,"type":"table"},{"columns":["platform",{"field":"spend","format":"currency"},"impressions","clicks",{"decimals":2,"field":"click_rate","format":"percent","formula":"clicks / impressions","label":"Click rate"},{"field":"cost_per_click","format":"currency","formula":"spend / clicks","label":"Cost per click"}],"data":"by_platform","name":"advertising","shared":false,"title":"Advertising","totals":true,"type":"table"},{"columns":["priority","tickets",{"decimals":0,"field":"median_first_response","label":"Median first response (minutes)"}],"data":"support","name":"support","shared":false,"title":"Support tickets","totals":false,"type":"table"},{"columns":["day","visits","orders",{"field":"revenue","format":"currency"}],"data":"daily","name":"days","shared":false,"title":"Day by day","totals":true,"type":"table"}],"subtitle":"Monthly performance report","title":"{{ client.name }}: {{ period.label }}"},"name":"client-performance","query":{"datasets":{"clients":{"checks":[{"rows":{"max":500,"min":1,"otherwise":"fail"}},{"not_null":["client_id","slug","name","currency"]},{"unique":["client_id"]},{"unique":["slug"]}],"columns":{"active":"bool","client_id":{"from":"id","type":"int"}},"source":"crm"},"spend":{"checks":[{"accepted":{"column":"platform","otherwise":"warn","values":["search","social","display","video","email"]}}],"columns":{"spend_date":"date"},"source":"ads","sql":"SELECT account_ref, spend_date, platform, cost_cents, clicks, impressions\nFROM ad_spend\nWHERE spend_date >= {{ period.start_date }} AND spend_date < {{ period.end_date }}\n"},"tickets":{"columns":{"opened_at":"timestamp"},"source":"helpdesk","sql":"SELECT customer, opened_at, priority, first_response_minutes\nFROM tickets\nWHERE opened_at >= {{ period.start_local }} AND opened_at < {{ period.end_local }}\n"},"traffic":{"checks":[{"rows":{"max":5000000,"min":300,"otherwise":"fail"}},{"not_null":["client_id","occurred_at","visits","revenue"]},{"covers":{"by":"client_id","column":"occurred_at","every":"day","otherwise":"fail"}},{"accepted":{"column":"channel","otherwise":"exclude","values":["web","shop","partner"]}}],"columns":{"occurred_at":"timestamptz","revenue":"decimal(12,2)"},"source":"warehouse","sql":"SELECT client_id, occurred_at, channel, visits, orders, revenue\nFROM traffic\nWHERE occurred_at >= {{ period.start_instant }} AND occurred_at < {{ period.end_instant }}\n"}},"tables":{"by_channel":{"order_by":["client_id","-revenue"],"sql":"SELECT client_id, channel,\n       sum(visits) AS visits, sum(orders) AS orders, sum(revenue) AS revenue\nFROM traffic GROUP BY 1, 2\n"},"by_platform":{"order_by":["client_id","-spend"],"sql":"SELECT c.client_id, s.platform,\n       CAST(sum(s.cost_cents) / 100.0 AS DECIMAL(14,2)) AS spend,\n       sum(s.clicks) AS clicks, sum(s.impressions) AS impressions\nFROM spend s JOIN clients c ON c.slug = s.account_ref\nGROUP BY 1, 2\n"},"daily":{"checks":[{"unique":["client_id","day"]}],"order_by":["client_id","day"],"sql":"SELECT client_id, local_date(occurred_at) AS day,\n       sum(visits) AS visits, sum(orders) AS orders, sum(revenue) AS revenue\nFROM traffic GROUP BY 1, 2\n"},"summary":{"checks":[{"unique":["client_id"]},{"sql":"SELECT client_id, revenue FROM summary WHERE revenue < 0"}],"sql":"SELECT c.client_id,\n       coalesce(t.visits, 0) AS visits,\n       coalesce(t.orders, 0) AS orders,\n       coalesce(t.revenue, 0) AS revenue,\n       coalesce(p.spend, 0) AS ad_spend,\n       coalesce(s.tickets, 0) AS tickets\nFROM clients c\nLEFT JOIN (SELECT client_id, sum(visits) AS visits, sum(orders) AS orders, sum(revenue) AS revenue\n           FROM daily GROUP BY 1) t ON t.client_id = c.client_id\nLEFT JOIN (SELECT client_id, sum(spend) AS spend FROM by_platform GROUP BY 1) p ON p.client_id = c.client_id\nLEFT JOIN (SELECT client_id, sum(tickets) AS tickets FROM support GROUP BY 1) s ON s.client_id = c.client_id\n"},"support":{"order_by":["client_id","priority"],"sql":"SELECT CAST(substr(customer, 3) AS BIGINT) AS client_id, priority,\n       count(*) AS tickets, median(first_response_minutes) AS median_first_response\nFROM tickets GROUP BY 1, 2\n"}}},"title":"Client performance","version":1}}',1795837600621385,1795837603089851);
CREATE TABLE run (
            id TEXT NOT NULL PRIMARY KEY,
            report TEXT NOT NULL,
            period TEXT NOT NULL,
            params_hash TEXT NOT NULL,
            period_start BIGINT NOT NULL,
            period_end BIGINT NOT NULL,
            created_at BIGINT NOT NULL,
            UNIQUE (report, period, params_hash)
        );
INSERT INTO "run" VALUES('bbc1a19040c8d419','monthly-client-report','2026-10','44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',1790830800000000,1793509200000000,1795837600621385);
CREATE TABLE stage (
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            stage TEXT NOT NULL CHECK (stage IN ('extract', 'transform', 'generate', 'review', 'deliver')),
            state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
            input TEXT NOT NULL,
            output TEXT,
            message TEXT,
            started_at BIGINT NOT NULL,
            ended_at BIGINT,
            PRIMARY KEY (run, revision, stage),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        );
CREATE TABLE template (
            name TEXT NOT NULL PRIMARY KEY,
            content TEXT NOT NULL,
            definition TEXT NOT NULL,
            first_used_at BIGINT NOT NULL
        );
INSERT INTO "template" VALUES('client-performance@1','8023ee680ead34be798ef188939fc31a506eb507a5740133375509366f1752a7','{"layout":{"sections":[{"compare":"previous_period","data":"summary","name":"figures","shared":false,"type":"figures","values":["visits","orders",{"field":"revenue","format":"currency"},{"field":"ad_spend","format":"currency","label":"Ad spend"},{"field":"tickets","label":"Support tickets"}]},{"name":"overview","text":"In {{ period.label }}, {{ client.name }} had {{ summary.visits | format_number }} visits and {{ summary.orders | format_number }} orders worth {{ summary.revenue | format_currency }}.","type":"text"},{"chart":"line","data":"daily","name":"trend","shared":false,"title":"Visits by day","type":"chart","x":"day","y":["visits"]},{"chart":"bar","data":"by_channel","name":"channel-chart","shared":false,"title":"Revenue by channel","type":"chart","x":"channel","y":[{"field":"revenue","format":"currency"}]},{"columns":["channel","visits","orders",{"field":"revenue","format":"currency"},{"decimals":2,"field":"conversion","format":"percent","formula":"orders / visits"},{"field":"order_value","format":"currency","formula":"revenue / orders","label":"Average order"}],"data":"by_channel","name":"channels","shared":false,"title":"Channels","totals":true,"type":"table"},{"columns":["platform",{"field":"spend","format":"currency"},"impressions","clicks",{"decimals":2,"field":"click_rate","format":"percent","formula":"clicks / impressions","label":"Click rate"},{"field":"cost_per_click","format":"currency","formula":"spend / clicks","label":"Cost per click"}],"data":"by_platform","name":"advertising","shared":false,"title":"Advertising","totals":true,"type":"table"},{"columns":["priority","tickets",{"decimals":0,"field":"median_first_response","label":"Median first response (minutes)"}],"data":"support","name":"support","shared":false,"title":"Support tickets","totals":false,"type":"table"},{"columns":["day","visits","orders",{"field":"revenue","format":"currency"}],"data":"daily","name":"days","shared":false,"title":"Day by day","totals":true,"type":"table"}],"subtitle":"Monthly performance report","title":"{{ client.name }}: {{ period.label }}"},"name":"client-performance","query":{"datasets":{"clients":{"checks":[{"rows":{"max":500,"min":1,"otherwise":"fail"}},{"not_null":["client_id","slug","name","currency"]},{"unique":["client_id"]},{"unique":["slug"]}],"columns":{"active":"bool","client_id":{"from":"id","type":"int"}},"source":"crm"},"spend":{"checks":[{"accepted":{"column":"platform","otherwise":"warn","values":["search","social","display","video","email"]}}],"columns":{"spend_date":"date"},"source":"ads","sql":"SELECT account_ref, spend_date, platform, cost_cents, clicks, impressions\nFROM ad_spend\nWHERE spend_date >= {{ period.start_date }} AND spend_date < {{ period.end_date }}\n"},"tickets":{"columns":{"opened_at":"timestamp"},"source":"helpdesk","sql":"SELECT customer, opened_at, priority, first_response_minutes\nFROM tickets\nWHERE opened_at >= {{ period.start_local }} AND opened_at < {{ period.end_local }}\n"},"traffic":{"checks":[{"rows":{"max":5000000,"min":300,"otherwise":"fail"}},{"not_null":["client_id","occurred_at","visits","revenue"]},{"covers":{"by":"client_id","column":"occurred_at","every":"day","otherwise":"fail"}},{"accepted":{"column":"channel","otherwise":"exclude","values":["web","shop","partner"]}}],"columns":{"occurred_at":"timestamptz","revenue":"decimal(12,2)"},"source":"warehouse","sql":"SELECT client_id, occurred_at, channel, visits, orders, revenue\nFROM traffic\nWHERE occurred_at >= {{ period.start_instant }} AND occurred_at < {{ period.end_instant }}\n"}},"tables":{"by_channel":{"order_by":["client_id","-revenue"],"sql":"SELECT client_id, channel,\n       sum(visits) AS visits, sum(orders) AS orders, sum(revenue) AS revenue\nFROM traffic GROUP BY 1, 2\n"},"by_platform":{"order_by":["client_id","-spend"],"sql":"SELECT c.client_id, s.platform,\n       CAST(sum(s.cost_cents) / 100.0 AS DECIMAL(14,2)) AS spend,\n       sum(s.clicks) AS clicks, sum(s.impressions) AS impressions\nFROM spend s JOIN clients c ON c.slug = s.account_ref\nGROUP BY 1, 2\n"},"daily":{"checks":[{"unique":["client_id","day"]}],"order_by":["client_id","day"],"sql":"SELECT client_id, local_date(occurred_at) AS day,\n       sum(visits) AS visits, sum(orders) AS orders, sum(revenue) AS revenue\nFROM traffic GROUP BY 1, 2\n"},"summary":{"checks":[{"unique":["client_id"]},{"sql":"SELECT client_id, revenue FROM summary WHERE revenue < 0"}],"sql":"SELECT c.client_id,\n       coalesce(t.visits, 0) AS visits,\n       coalesce(t.orders, 0) AS orders,\n       coalesce(t.revenue, 0) AS revenue,\n       coalesce(p.spend, 0) AS ad_spend,\n       coalesce(s.tickets, 0) AS tickets\nFROM clients c\nLEFT JOIN (SELECT client_id, sum(visits) AS visits, sum(orders) AS orders, sum(revenue) AS revenue\n           FROM daily GROUP BY 1) t ON t.client_id = c.client_id\nLEFT JOIN (SELECT client_id, sum(spend) AS spend FROM by_platform GROUP BY 1) p ON p.client_id = c.client_id\nLEFT JOIN (SELECT client_id, sum(tickets) AS tickets FROM support GROUP BY 1) s ON s.client_id = c.client_id\n"},"support":{"order_by":["client_id","priority"],"sql":"SELECT CAST(substr(customer, 3) AS BIGINT) AS client_id, priority,\n       count(*) AS tickets, median(first_response_minutes) AS median_first_response\nFROM tickets GROUP BY 1, 2\n"}}},"title":"Client performance","version":1}',1795837602827931);
CREATE INDEX run_by_report ON run (report, period_start);
COMMIT;
