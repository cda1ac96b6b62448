//! A server's address in one line, such as `postgres://reader@db.example:5432/sales?sslmode=require`, taken apart.
//! Errors say what is wrong with it and never repeat it: it may carry a password.

/// The parts of a server's address.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// What stands before `://`, in lower case.
    pub scheme: String,
    /// The host's name or address; an IPv6 address without its brackets.
    pub host: String,
    /// The port.
    pub port: Option<u16>,
    /// The user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The database.
    pub database: Option<String>,
    /// What stands behind the `?`, in its order.
    pub query: Vec<(String, String)>,
}

impl std::fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerUrl({}://{}:{:?}/{:?})", self.scheme, self.host, self.port, self.database)
    }
}

/// Why a text is not a server's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// There is no `scheme://`.
    #[error("it does not begin with a scheme such as postgres:// or mysql://")]
    Scheme,
    /// There is no host.
    #[error("it names no host")]
    Host,
    /// The port is none.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// A `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    #[error("a % in it is not followed by two hexadecimal digits that give UTF-8 text")]
    Escape,
    /// A blank or control character.
    #[error("it holds a blank or a control character; write it as %20 and the like")]
    Blank,
}

impl ServerUrl {
    /// Takes an address apart.
    ///
    /// # Errors
    /// What is wrong with it, without its text.
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(UrlFault::Blank);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlFault::Scheme)?;
        if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
            return Err(UrlFault::Scheme);
        }
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // A password may hold an @ by mistake; what stands behind the last one is the host.
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => (some(user)?, some(password)?),
            None => (None, None),
        };
        let (host, port) = place_of(place)?;
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(key)?, decoded(value)?))
        });
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            host,
            port,
            user,
            password,
            database: some(path)?,
            query: query.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it carries something that must stay unknown: a password, in its place or behind the `?`.
    pub fn has_secret(&self) -> bool {
        self.password.is_some() || self.query.iter().any(|(key, _)| is_secret_key(key))
    }
}

/// Whether an address carries a password, as far as a text that may be no address at all tells.
pub fn carries_password(text: &str) -> bool {
    match ServerUrl::parse(text) {
        Ok(url) => url.has_secret(),
        // What cannot be read is not shown to be harmless.
        Err(_) => text.contains('@') && text.matches(':').count() > 1 || text.to_lowercase().contains("password"),
    }
}

fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "passwd", "pwd", "secret", "token"].iter().any(|word| key.contains(word))
}

fn some(part: &str) -> Result<Option<String>, UrlFault> {
    Ok(Some(decoded(part)?).filter(|text| !text.is_empty()))
}

fn place_of(place: &str) -> Result<(String, Option<u16>), UrlFault> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']').ok_or(UrlFault::Host)?;
            (host, behind.strip_prefix(':'))
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    if host.is_empty() {
        return Err(UrlFault::Host);
    }
    let port = port.map(|port| port.parse().ok().filter(|port| *port > 0).ok_or(UrlFault::Port)).transpose()?;
    Ok((decoded(host)?, port))
}

fn decoded(text: &str) -> Result<String, UrlFault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = behind;
            continue;
        }
        let digit = |at: usize| behind.get(at).and_then(|b| char::from(*b).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(UrlFault::Escape) };
        bytes.push((high * 16 + low) as u8);
        rest = &behind[2..];
    }
    String::from_utf8(bytes).map_err(|_| UrlFault::Escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let url = ServerUrl::parse("Postgres://re%40der:p%C3%A4ss@db.example:6543/sales%20eu?sslmode=require&x");
        let url = url.expect("an address");
        assert_eq!((url.scheme.as_str(), url.host.as_str(), url.port), ("postgres", "db.example", Some(6543)));
        assert_eq!((url.user.as_deref(), url.password.as_deref()), (Some("re@der"), Some("päss")));
        assert_eq!(url.database.as_deref(), Some("sales eu"));
        let pairs: Vec<(&str, &str)> = url.query.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("sslmode", "require"), ("x", "")]);
        let bare = ServerUrl::parse("mysql://[::1]").expect("an address");
        assert_eq!((bare.host.as_str(), bare.port, bare.user, bare.database), ("::1", None, None, None));
    }

    #[test]
    fn what_is_wrong_is_told_without_the_text() {
        for (text, fault) in [
            ("db.example/sales", UrlFault::Scheme),
            ("://x", UrlFault::Scheme),
            ("postgres://", UrlFault::Host),
            ("postgres://u@/d", UrlFault::Host),
            ("postgres://h:99999/d", UrlFault::Port),
            ("postgres://h:0", UrlFault::Port),
            ("postgres://u:p%zz@h", UrlFault::Escape),
            ("postgres://u:a b@h", UrlFault::Blank),
        ] {
            assert_eq!(ServerUrl::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_password_is_seen_wherever_it_stands() {
        for secret in [
            "postgres://u:p@h/d",
            "postgres://u:p@ss@h/d",
            "postgres://h/d?password=p",
            "mysql://h/d?sslPassword=p",
            "postgres://u:p%zz@h",
            "postgres://u:a b@h:1",
        ] {
            assert!(carries_password(secret), "{secret}");
        }
        for open in ["postgres://u@h:5432/d", "postgres://h/d?sslmode=require", "postgres://u:@h/d"] {
            assert!(!carries_password(open), "{open}");
        }
        assert!(!format!("{:?}", ServerUrl::parse("postgres://u:canary@h/d")).contains("canary"));
    }
}
