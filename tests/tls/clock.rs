//! TLS where the system's clock is wrong.

use std::path::Path;
use std::time::SystemTime;

use reggie::{Client, Config, Error, Kind, Response};
use support::c::{BuildOptions, Compiler, Program};
use support::child;
use support::raw_server::RawServer;

/// 1901, 1960, 1970, 2107 and the years 9999, 10000 and 36812.
const CLOCKS: [i64; 8] = [
    -2_147_483_649,
    -315_619_200,
    -1,
    0,
    4_323_283_200,
    253_402_300_799,
    253_402_300_800,
    1_099_511_627_776,
];

#[test]
fn no_clock_breaks_the_client() {
    let server = RawServer::start_tls(|conn| {
        while let Some(request) = conn.read_request() {
            let headers = [
                ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("Set-Cookie", "a=b; Max-Age=99999999"),
                ("Set-Cookie", "c=d; Expires=Fri, 31 Dec 9999 23:59:59 GMT"),
                ("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"),
                ("Connection", "close"),
            ];
            let body = b"{\"token\":\"t\",\"issued_at\":\"0001-01-01T00:00:00Z\"}";
            let host = request.header("host").unwrap_or_default();
            let challenge = format!("Bearer realm=\"https://{host}/token\"");
            if request.target == "/v2/" && request.header("authorization").is_none() {
                let headers = [("WWW-Authenticate", challenge.as_str())];
                conn.respond("401 Unauthorized", &headers, b"");
            } else {
                // Without Date, a client can only compare with its own clock.
                let from = usize::from(request.target.starts_with("/token"));
                conn.respond("200 OK", &headers[from..], body);
            }
        }
    });
    if !Compiler::System.is_at_hand() {
        return;
    }
    let options = BuildOptions {
        arguments: ["-shared", "-fPIC", "-ldl"].map(str::to_owned).to_vec(),
        ..BuildOptions::default()
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/preload_clock.c");
    let preload = Program::build(source, &options).unwrap_or_else(|words| panic!("{words}"));
    for clock in CLOCKS {
        let mut command = child::command(child_with_a_clock);
        command
            .env("LD_PRELOAD", preload.path())
            .env("REGGIE_TEST_CLOCK", clock.to_string())
            .env("TEST_CA", server.ca_path().expect("a ca"))
            .env("TEST_URL", server.url());
        child::run(command);
    }
}

fn get(url: &str, config: &Config) -> Result<Vec<Response>, Error> {
    let client = Client::new(url, config)?;
    let send = |_| {
        let mut request = client.request("GET", "/v2/")?;
        client.execute(&mut request)
    };
    // The second one resumes the session of the first.
    (0..2).map(send).collect()
}

#[test]
#[ignore = "run by another test"]
fn child_with_a_clock() {
    let Ok(url) = std::env::var("TEST_URL") else {
        return;
    };
    let ca = std::env::var_os("TEST_CA").expect("a path");
    let clock = std::env::var("REGGIE_TEST_CLOCK").expect("a clock");
    let now = SystemTime::now();
    let seconds = match now.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_secs() as i64,
        Err(before) => -(before.duration().as_secs() as i64) - 1,
    };
    assert_eq!(seconds.to_string(), clock);
    let mut config = Config::new();
    config.add_ca_file(ca.as_ref()).expect("a ca");
    config.set_cookies(true);
    match get(&url, &config) {
        Ok(responses) => assert_eq!(responses[1].status(), 200),
        Err(error) => {
            assert_eq!(error.kind(), Kind::Certificate, "{error}");
            let part = match clock.starts_with(['-', '0']) {
                true => "the system clock is at 1970-01-01 00:00:00 UTC",
                false => "the system clock is at ",
            };
            assert!(error.message().contains(part), "{error}");
        }
    }
    config.set_insecure_skip_tls_verify(true);
    let responses = get(&url, &config).expect("a response");
    assert_eq!(responses[1].status(), 200);
}
