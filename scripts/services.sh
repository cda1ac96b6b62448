#!/usr/bin/env bash
# Starts and stops throw-away PostgreSQL, MariaDB and Postfix servers for tests.
#
#   services.sh start DIR    start all three, wait until they answer, write DIR/env
#   services.sh stop DIR     stop them and remove their data
#   services.sh status DIR   say which of them answer
#
# DIR/env holds KEY=VALUE lines (PUNCTUAL_TEST_...), to be read by tests or by
# `set -a; . DIR/env`. Starting what runs already and stopping what is already
# stopped do nothing. Every server listens on 127.0.0.1 only, on a free port,
# keeps its data in one folder under ${TMPDIR:-/tmp}, and has durability off.
#
# Runs as root (each server under its own system user) or as a plain user.
# Postfix can only be started by root; without root the two databases are
# started and the exit code is 3.
#
# Exit codes: 0 all is well, 1 failed, 2 wrong usage, 3 started without Postfix.

set -euo pipefail

readonly WAIT_SECONDS=60
readonly LAUNCH_ATTEMPTS=3
readonly WITHOUT_POSTFIX=3
# Below 32768, where Linux begins to hand out ports for outgoing connections.
readonly FIRST_PORT=20000 PORT_COUNT=12000
readonly DATABASE_PASSWORD=throw-away

say() { printf 'services: %s\n' "$*"; }
fail() {
    printf 'services: %s\n' "$*" >&2
    exit 1
}
usage() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
is_root() { [ "$(id -u)" -eq 0 ]; }

# as USER COMMAND...: runs COMMAND as USER when we are root, as ourselves otherwise.
as() {
    local user=$1
    shift
    if is_root; then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"
    else
        "$@"
    fi
}

port_is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
    local port
    for _ in {1..200}; do
        port=$((FIRST_PORT + (RANDOM * 32768 + RANDOM) % PORT_COUNT))
        if ! port_is_open "$port"; then
            printf '%s\n' "$port"
            return
        fi
    done
    fail "no free port between $FIRST_PORT and $((FIRST_PORT + PORT_COUNT - 1)): stop what uses them"
}

# wait_until NAME LOG PID COMMAND...: polls COMMAND until it succeeds. Gives up, and
# shows the end of LOG, when time is up or when process PID has ended meanwhile
# ($$, ourselves, when no process is to be watched).
wait_until() {
    local name=$1 log=$2 pid=$3 deadline=$((SECONDS + WAIT_SECONDS))
    shift 3
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ] || ! kill -0 "$pid" 2>/dev/null; then
            tail -n 20 "$log" >&2 || true
            say "$name ended, or did not answer within $WAIT_SECONDS s; its log is above" >&2
            return 1
        fi
        sleep 0.1
    done
}

# with_a_free_port FUNCTION: another program may take a port between the look and
# the launch, so a failed launch is tried again on another port.
with_a_free_port() {
    local attempt port
    for ((attempt = 1; attempt <= LAUNCH_ATTEMPTS; attempt++)); do
        port=$(free_port) || exit 1
        if "$1" "$port"; then
            return
        fi
    done
    fail "${1#launch_} could not be started: see its log above"
}

need() {
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] ||
        fail "$1 is not installed: run scripts/install-packages.sh first"
}

# The process whose id FILE holds, if it is alive and belongs to our data folder.
our_process() {
    local pid
    [ -r "$1" ] || return 1
    pid=$(head -n 1 "$1" | tr -d '[:space:]')
    [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$DATA" &&
        printf '%s\n' "$pid"
}

remember() { printf '%s=%s\n' "$1" "$2" >>"$DIR/env.part"; }

# --- PostgreSQL ------------------------------------------------------------

postgres_programs() {
    local newest
    newest=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
    if [ -n "$newest" ]; then
        printf '%s\n' "$newest"
    elif command -v initdb >/dev/null 2>&1; then
        dirname "$(readlink -f "$(command -v initdb)")"
    else
        fail "PostgreSQL is not installed: run scripts/install-packages.sh first"
    fi
}

create_postgres() {
    mkdir "$DATA/postgres"
    if is_root; then chown postgres: "$DATA/postgres"; fi
    as postgres "$PG_PROGRAMS/initdb" --pgdata="$DATA/postgres/data" --username=postgres \
        --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$DATA/initdb.log" 2>&1 || {
        tail -n 20 "$DATA/initdb.log" >&2
        fail "initdb failed: its log is above"
    }
    # One role must prove its password; everybody else is trusted.
    cat >"$DATA/postgres/data/pg_hba.conf" <<-'HBA'
	host all punctual_scram 127.0.0.1/32 scram-sha-256
	host all all            127.0.0.1/32 trust
	HBA
}

launch_postgres() {
    PG_PORT=$1
    as postgres "$PG_PROGRAMS/pg_ctl" --pgdata="$DATA/postgres/data" --log="$DATA/postgres/log" \
        --silent --wait --timeout="$WAIT_SECONDS" start --options="-p $PG_PORT -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c password_encryption=scram-sha-256 \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off" \
        </dev/null >/dev/null 2>&1 9>&- || {
        tail -n 20 "$DATA/postgres/log" >&2 || true
        return 1
    }
    wait_until PostgreSQL "$DATA/postgres/log" $$ \
        "$PG_PROGRAMS/pg_isready" --host=127.0.0.1 --port="$PG_PORT"
}

start_postgres() {
    PG_PROGRAMS=$(postgres_programs)
    create_postgres
    with_a_free_port launch_postgres
    "$PG_PROGRAMS/psql" --host=127.0.0.1 --port="$PG_PORT" --username=postgres --no-psqlrc \
        --quiet --set=ON_ERROR_STOP=1 <<-SQL
	CREATE ROLE punctual LOGIN SUPERUSER;
	CREATE ROLE punctual_scram LOGIN PASSWORD '$DATABASE_PASSWORD';
	CREATE DATABASE punctual OWNER punctual;
	GRANT pg_read_all_data TO punctual_scram;
	SQL
    remember PUNCTUAL_TEST_PG_URL "postgres://punctual@127.0.0.1:$PG_PORT/punctual"
    remember PUNCTUAL_TEST_PG_PASSWORD_URL \
        "postgres://punctual_scram:$DATABASE_PASSWORD@127.0.0.1:$PG_PORT/punctual"
    say "PostgreSQL answers on 127.0.0.1:$PG_PORT"
}

stop_postgres() {
    local pid
    pid=$(our_process "$DATA/postgres/data/postmaster.pid") || return 0
    kill -QUIT "$pid" 2>/dev/null || true
    wait_for_end PostgreSQL "$pid"
}

# --- MariaDB ---------------------------------------------------------------

create_mariadb() {
    mkdir "$DATA/mariadb"
    if is_root; then chown mysql: "$DATA/mariadb"; fi
    as mysql mariadb-install-db --no-defaults --datadir="$DATA/mariadb/data" \
        --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
        --innodb-flush-log-at-trx-commit=0 </dev/null >"$DATA/mariadb-install.log" 2>&1 || {
        tail -n 20 "$DATA/mariadb-install.log" >&2
        fail "mariadb-install-db failed: its log is above"
    }
    cat >"$DATA/mariadb-init.sql" <<-SQL
	CREATE DATABASE IF NOT EXISTS punctual CHARACTER SET utf8mb4;
	CREATE USER IF NOT EXISTS punctual@'127.0.0.1' IDENTIFIED BY '$DATABASE_PASSWORD';
	GRANT ALL PRIVILEGES ON *.* TO punctual@'127.0.0.1' WITH GRANT OPTION;
	SQL
}

mariadb_answers() {
    timeout 5 mariadb-admin --no-defaults --connect-timeout=2 --host=127.0.0.1 --port="$MARIADB_PORT" --protocol=tcp \
        --user=punctual --password="$DATABASE_PASSWORD" ping
}

launch_mariadb() {
    MARIADB_PORT=$1
    # The socket is relative to the data folder: its path has no length limit there.
    as mysql setsid "$(command -v mariadbd || echo /usr/sbin/mariadbd)" --no-defaults \
        --datadir="$DATA/mariadb/data" --pid-file="$DATA/mariadb/pid" --socket=socket \
        --port="$MARIADB_PORT" --bind-address=127.0.0.1 --skip-networking=0 --skip-name-resolve \
        --init-file="$DATA/mariadb-init.sql" --skip-log-bin --innodb-buffer-pool-size=64M \
        --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-use-native-aio=0 \
        </dev/null >"$DATA/mariadb.log" 2>&1 9>&- &
    if wait_until MariaDB "$DATA/mariadb.log" $! mariadb_answers; then
        disown $!
    else
        return 1
    fi
}

start_mariadb() {
    need mariadbd
    need mariadb-install-db
    create_mariadb
    with_a_free_port launch_mariadb
    remember PUNCTUAL_TEST_MARIADB_URL \
        "mysql://punctual:$DATABASE_PASSWORD@127.0.0.1:$MARIADB_PORT/punctual"
    say "MariaDB answers on 127.0.0.1:$MARIADB_PORT"
}

stop_mariadb() {
    local pid
    pid=$(our_process "$DATA/mariadb/pid") || return 0
    kill -TERM "$pid" 2>/dev/null || true
    wait_for_end MariaDB "$pid"
}

# --- Postfix ---------------------------------------------------------------

create_postfix() {
    mkdir -p "$DATA/postfix/conf" "$DATA/postfix/queue" "$DATA/postfix/state" "$DATA/postfix/mail"
    chown postfix: "$DATA/postfix/state"
    chown nobody: "$DATA/postfix/mail"
    cat >"$DATA/postfix/conf/recipients" <<-'ACCESS'
	reject@refused.example  550 5.1.1 no such mailbox here
	defer@refused.example   450 4.2.0 mailbox busy, try again later
	ACCESS
    cat >"$DATA/postfix/conf/main.cf" <<-CONF
	compatibility_level = 3.6
	queue_directory = $DATA/postfix/queue
	data_directory = $DATA/postfix/state
	maillog_file = $DATA/postfix/log
	maillog_file_prefixes = $DATA
	mail_owner = postfix
	setgid_group = postdrop
	myhostname = mail.punctual.example
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	mynetworks = 127.0.0.0/8
	alias_maps =
	message_size_limit = 52428800
	mailbox_size_limit = 0
	virtual_mailbox_limit = 0
	smtpd_client_connection_count_limit = 0
	smtpd_client_connection_rate_limit = 0

	# Every address of every domain ends in one maildir; nothing leaves.
	mydestination =
	virtual_mailbox_domains = static:all
	virtual_mailbox_base = $DATA/postfix
	virtual_mailbox_maps = static:mail/
	virtual_uid_maps = static:$(id -u nobody)
	virtual_gid_maps = static:$(id -g nobody)
	default_transport = error:5.7.1 mail does not leave this test server
	relay_transport = error:5.7.1 mail does not leave this test server

	# Two addresses are refused at RCPT, one for good and one for now.
	smtpd_relay_restrictions = permit_mynetworks, reject
	smtpd_recipient_restrictions =
	    check_recipient_access texthash:$DATA/postfix/conf/recipients,
	    permit_mynetworks, reject
	CONF
}

write_postfix_services() {
    local name
    {
        printf '127.0.0.1:%s inet n - n - - smtpd\n' "$1"
        printf 'postlog unix-dgram n - n - 1 postlogd\n'
        printf 'pickup unix n - n 60 1 pickup\n'
        printf 'cleanup unix n - n - 0 cleanup\n'
        printf 'qmgr unix n - n 300 1 qmgr\n'
        printf 'tlsmgr unix - - n 1000? 1 tlsmgr\n'
        printf 'defer unix - - n - 0 bounce\n'
        for name in rewrite:trivial-rewrite bounce:bounce trace:bounce; do
            printf '%s unix - - n - 0 %s\n' "${name%%:*}" "${name##*:}"
        done
        printf 'proxymap unix - - n - - proxymap\n'
        printf 'anvil unix - - n - 1 anvil\n'
        printf 'error unix - - n - - error\n'
        printf 'virtual unix - n n - - virtual\n'
    } >"$DATA/postfix/conf/master.cf"
}

smtp_answers() {
    local banner
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    IFS= read -r -t 5 banner <&3 || banner=
    printf 'QUIT\r\n' >&3 || true
    exec 3>&- 3<&-
    [ "${banner:0:4}" = "220 " ]
}

launch_postfix() {
    SMTP_PORT=$1
    write_postfix_services "$SMTP_PORT"
    # Postfix warns about what it does not own in a folder under /tmp: only errors matter.
    env -u MAIL_CONFIG postfix -c "$DATA/postfix/conf" start </dev/null >"$DATA/postfix/start.log" 2>&1 9>&- || {
        cat "$DATA/postfix/start.log" >&2
        return 1
    }
    if ! wait_until Postfix "$DATA/postfix/log" $$ smtp_answers "$SMTP_PORT"; then
        stop_postfix
        return 1
    fi
}

start_postfix() {
    need postfix
    create_postfix
    with_a_free_port launch_postfix
    remember PUNCTUAL_TEST_SMTP_HOST 127.0.0.1
    remember PUNCTUAL_TEST_SMTP_PORT "$SMTP_PORT"
    remember PUNCTUAL_TEST_SMTP_REJECTED reject@refused.example
    remember PUNCTUAL_TEST_SMTP_DEFERRED defer@refused.example
    remember PUNCTUAL_TEST_MAILDIR "$DATA/postfix/mail"
    say "Postfix answers on 127.0.0.1:$SMTP_PORT and keeps all mail in $DATA/postfix/mail"
}

stop_postfix() {
    local pid
    pid=$(our_process_postfix) || return 0
    kill -TERM "$pid" 2>/dev/null || true
    wait_for_end Postfix "$pid"
}

# Postfix's master has no path of ours on its command line: its queue folder tells.
our_process_postfix() {
    local pid file="$DATA/postfix/queue/pid/master.pid"
    [ -r "$file" ] || return 1
    pid=$(tr -d '[:space:]' <"$file")
    [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$DATA/postfix/queue" ] &&
        printf '%s\n' "$pid"
}

# --- all together ----------------------------------------------------------

# wait_for_end NAME PID: waits until the process has ended, and kills it when time is up.
wait_for_end() {
    local deadline=$((SECONDS + WAIT_SECONDS / 2))
    while kill -0 "$2" 2>/dev/null; do
        # A zombie has ended; whoever started it has yet to notice.
        case $(sed 's/.*) //' "/proc/$2/stat" 2>/dev/null) in Z*) return ;; esac
        if [ "$SECONDS" -ge "$deadline" ]; then
            say "$1 (process $2) did not stop in time and is killed" >&2
            kill -KILL "$2" 2>/dev/null || true
        fi
        sleep 0.05
    done
}

# A value from DIR/env; empty when it has none.
known() { sed -n "s/^$1=//p" "$DIR/env" 2>/dev/null; }

# The port in a URL such as mysql://user:password@127.0.0.1:3306/name.
port_of() { sed -n 's|.*@127\.0\.0\.1:\([0-9]*\)/.*|\1|p' <<<"$1"; }

# Are all the servers that DIR/env names alive?
all_answer() {
    local smtp
    [ -r "$DIR/env" ] && [ -d "$DATA" ] || return 1
    port_is_open "$(port_of "$(known PUNCTUAL_TEST_PG_URL)")" || return 1
    port_is_open "$(port_of "$(known PUNCTUAL_TEST_MARIADB_URL)")" || return 1
    smtp=$(known PUNCTUAL_TEST_SMTP_PORT)
    [ -z "$smtp" ] || port_is_open "$smtp"
}

exit_code_of_what_runs() {
    if [ -n "$(known PUNCTUAL_TEST_SMTP_PORT)" ]; then return 0; else return "$WITHOUT_POSTFIX"; fi
}

stop_all() {
    if [ -n "$DATA" ] && [ -d "$DATA" ]; then
        if is_root; then stop_postfix; fi
        stop_mariadb
        stop_postgres
        rm -rf -- "$DATA"
    fi
    rm -f -- "$DIR/env" "$DIR/env.part" "$DIR/data"
    DATA=
}

start_all() {
    if all_answer; then
        say "already running: see $DIR/env"
        exit_code_of_what_runs
        return
    fi
    stop_all
    DATA=$(mktemp -d "${TMPDIR:-/tmp}/punctual-services.XXXXXX")
    chmod 755 "$DATA"
    printf '%s\n' "$DATA" >"$DIR/data"
    : >"$DIR/env.part"
    trap 'stop_all' EXIT
    start_postgres
    start_mariadb
    if is_root; then
        start_postfix
    else
        say "Postfix is left out: it can only be started by root"
    fi
    mv "$DIR/env.part" "$DIR/env"
    trap - EXIT
    exit_code_of_what_runs
}

show_status() {
    if all_answer; then
        say "running: see $DIR/env"
    else
        say "not running"
        return 1
    fi
}

main() {
    [ $# -eq 2 ] || usage
    case $1 in start | stop | status) ;; *) usage ;; esac
    if [ "$1" = start ]; then mkdir -p -- "$2"; fi
    if [ ! -d "$2" ]; then
        say "not running"
        [ "$1" = stop ]
        return
    fi
    DIR=$(cd -- "$2" && pwd)
    # One at a time: the folder itself is the lock.
    exec 9<"$DIR"
    flock 9
    DATA=$(cat "$DIR/data" 2>/dev/null || true)
    case $1 in
        start) start_all ;;
        stop)
            stop_all
            rmdir -- "$DIR" 2>/dev/null || true
            ;;
        status) show_status ;;
    esac
}

main "$@"
