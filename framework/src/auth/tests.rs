//! One test per rule. The files in `test_vectors` are public keys and tokens signed by private keys
//! that were thrown away; their `exp` is 2,000,000,000.

use std::time::{Duration, SystemTime};

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "a secret of at least thirty-two bytes";
const OTHER_SECRET: &str = "another one of at least thirty-two bytes";
const NOW: u64 = 1_800_000_000;

const RSA_PUBLIC: &str = include_str!("test_vectors/rs256.pub.pem");
const RSA_1024_PUBLIC: &str = include_str!("test_vectors/rsa1024.pub.pem");
const EC_PUBLIC: &str = include_str!("test_vectors/es256.pub.pem");
const ED_PUBLIC: &str = include_str!("test_vectors/eddsa.pub.pem");
const RS256_TOKEN: &str = include_str!("test_vectors/rs256.jwt");
const PS256_TOKEN: &str = include_str!("test_vectors/ps256.jwt");
const ES256_TOKEN: &str = include_str!("test_vectors/es256.jwt");
const EDDSA_TOKEN: &str = include_str!("test_vectors/eddsa.jwt");

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn auth() -> JwtAuth {
    JwtAuth::hs256(SECRET).unwrap()
}

fn secret_key() -> Key {
    Key::secret(Algorithm::Hs256, SECRET).unwrap()
}

/// Signs whatever is given, as an issuer with bugs or an attacker with a key would.
fn signed(header: &Header, secret: impl AsRef<[u8]>, claims: &Value) -> String {
    encode(header, claims, &EncodingKey::from_secret(secret.as_ref())).unwrap()
}

fn token(claims: &Value) -> String {
    signed(&Header::default(), SECRET, claims)
}

fn token_for(kid: Option<&str>) -> String {
    let header = Header { kid: kid.map(Into::into), ..Header::default() };
    signed(&header, SECRET, &json!({ "sub": "ann", "exp": NOW + 60 }))
}

/// The whole of what a client can see of a verification at `NOW`.
fn answer(auth: &JwtAuth, token: &str) -> Result<String, (&'static str, String)> {
    let claims = auth.verify(token, at(NOW));
    claims.map(|claims| claims.sub().to_owned()).map_err(|error| (error.code(), error.to_string()))
}

fn refusal(auth: &JwtAuth, token: &str) -> AuthError {
    auth.verify(token, at(NOW)).expect_err("a refusal")
}

fn invalid_claim(claim: &'static str) -> AuthError {
    AuthError::Invalid(Fault::Claim(claim))
}

#[test]
fn a_good_token_gives_its_claims() {
    let header = Header { kid: Some("k1".into()), ..Header::default() };
    let claims = json!({ "sub": "ann", "exp": NOW + 60, "jti": "t-1", "level": 9_007_199_254_740_993_u64 });
    let claims = JwtAuth::new().key("k1", secret_key()).verify(&signed(&header, SECRET, &claims), at(NOW));
    let claims = claims.unwrap();
    assert_eq!((claims.sub(), claims.jti(), claims.kid()), ("ann", Some("t-1"), Some("k1")));
    assert_eq!(claims.expires_at(), Some(at(NOW + 60)));
    let parsed: Value = claims.parse().unwrap();
    assert_eq!(parsed["level"], json!(9_007_199_254_740_993_u64));
    assert!(claims.parse::<Vec<u8>>().is_err());
}

#[test]
fn every_kind_of_key_verifies_the_tokens_of_its_algorithm() {
    let keys = [
        (Algorithm::Rs256, RSA_PUBLIC, RS256_TOKEN),
        (Algorithm::Ps256, RSA_PUBLIC, PS256_TOKEN),
        (Algorithm::Es256, EC_PUBLIC, ES256_TOKEN),
        (Algorithm::EdDsa, ED_PUBLIC, EDDSA_TOKEN),
    ];
    for (algorithm, pem, token) in keys {
        let auth = JwtAuth::new().default_key(Key::public_pem(algorithm, pem).unwrap());
        assert_eq!(answer(&auth, token), Ok("ann".to_owned()), "{algorithm:?}");
    }
    let hmacs = [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)];
    for (algorithm, bytes) in hmacs {
        let secret = vec![7; bytes];
        let token = TokenIssuer::secret(algorithm, &secret).unwrap();
        let token = token.issue("ann", at(NOW), Duration::from_secs(60), &()).unwrap();
        let auth = JwtAuth::new().default_key(Key::secret(algorithm, &secret).unwrap());
        assert_eq!(answer(&auth, &token), Ok("ann".to_owned()), "{algorithm:?}");
    }
}

#[test]
fn a_public_key_is_never_the_secret_of_an_hmac() {
    let auth = JwtAuth::new().default_key(Key::public_pem(Algorithm::Rs256, RSA_PUBLIC).unwrap());
    let forged = signed(&Header::default(), RSA_PUBLIC, &json!({ "sub": "admin", "exp": NOW + 60 }));
    assert_eq!(refusal(&auth, &forged), AuthError::Invalid(Fault::Algorithm));
    assert_eq!(Key::secret(Algorithm::Hs256, RSA_PUBLIC).unwrap_err(), KeyError::WrongKind);
}

#[test]
fn a_token_cannot_choose_another_algorithm_of_its_keys_family() {
    let rs256 = JwtAuth::new().default_key(Key::public_pem(Algorithm::Rs256, RSA_PUBLIC).unwrap());
    assert_eq!(refusal(&rs256, PS256_TOKEN), AuthError::Invalid(Fault::Algorithm));
    let header = Header::new(jsonwebtoken::Algorithm::HS512);
    let hs512 = signed(&header, SECRET, &json!({ "sub": "ann", "exp": NOW + 60 }));
    assert_eq!(refusal(&auth(), &hs512), AuthError::Invalid(Fault::Algorithm));
}

#[test]
fn an_unsigned_token_is_refused() {
    // {"alg":"none"} . {"sub":"admin","exp":2000000000} .
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsImV4cCI6MjAwMDAwMDAwMH0.";
    assert_eq!(answer(&auth(), unsigned), Err(("token_invalid", "token invalid".to_owned())));
    let good = token_for(None);
    let (message, _) = good.rsplit_once('.').unwrap();
    assert_eq!(refusal(&auth(), &format!("{message}.")), AuthError::Invalid(Fault::Signature));
}

#[test]
fn keys_are_found_by_kid_and_by_nothing_else() {
    let both = auth().key("k1", secret_key());
    let named = JwtAuth::new().key("k1", secret_key());
    assert_eq!(answer(&both, &token_for(None)), Ok("ann".to_owned()));
    assert_eq!(answer(&both, &token_for(Some("k1"))), Ok("ann".to_owned()));
    let unknown = [(&both, Some("k2")), (&named, None), (&auth(), Some("k1")), (&JwtAuth::new(), None)]
        .map(|(auth, kid)| refusal(auth, &token_for(kid)));
    assert_eq!(unknown, [AuthError::Invalid(Fault::UnknownKey); 4]);
}

#[test]
fn the_key_of_another_kid_does_not_verify() {
    let other = Key::secret(Algorithm::Hs256, OTHER_SECRET).unwrap();
    let auth = JwtAuth::new().key("k1", other).key("k2", secret_key());
    assert_eq!(refusal(&auth, &token_for(Some("k1"))), AuthError::Invalid(Fault::Signature));
}

#[test]
fn the_client_cannot_tell_why_a_token_is_invalid() {
    let good = json!({ "sub": "ann", "exp": NOW + 60, "aud": "game", "iss": "login" });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        token(&claims)
    };
    let auth = auth().audience("game").issuer("login");
    assert_eq!(answer(&auth, &token(&good)), Ok("ann".to_owned()));
    let bad = [
        signed(&Header::default(), OTHER_SECRET, &good),
        signed(&Header { kid: Some("k9".into()), ..Header::default() }, SECRET, &good),
        "not.a.token".to_owned(),
        "nodots".to_owned(),
        token(&good).replace('.', ""),
        with("aud", json!("other")),
        with("iss", json!("other")),
        with("sub", json!("")),
        with("sub", json!(7)),
        with("exp", Value::Null),
        with("exp", json!("tomorrow")),
        token(&json!([good])),
        "x".repeat(100_000),
    ];
    for token in bad {
        let shown: String = token.chars().take(80).collect();
        assert_eq!(answer(&auth, &token), Err(("token_invalid", "token invalid".to_owned())), "{shown}");
    }
}

#[test]
fn a_changed_payload_is_refused() {
    let (one, other) = (token_for(None), token(&json!({ "sub": "admin", "exp": NOW + 60 })));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (parts(&one), parts(&other));
    let forged = format!("{}.{}.{}", one[0], other[1], one[2]);
    assert_eq!(refusal(&auth(), &forged), AuthError::Invalid(Fault::Signature));
}

#[test]
fn a_token_expires_when_exp_and_leeway_have_passed() {
    let auth = auth().leeway(Duration::from_secs(5));
    let token = token(&json!({ "sub": "ann", "exp": NOW }));
    assert!(auth.verify(&token, at(NOW + 4)).is_ok());
    assert_eq!(auth.verify(&token, at(NOW + 5)).unwrap_err(), AuthError::Expired);
    assert_eq!(AuthError::Expired.code(), "token_expired");
}

#[test]
fn a_token_is_good_from_nbf_less_the_leeway() {
    let auth = auth().leeway(Duration::from_secs(5));
    let token = token(&json!({ "sub": "ann", "exp": NOW + 60, "nbf": NOW + 10 }));
    assert_eq!(auth.verify(&token, at(NOW + 4)).unwrap_err(), AuthError::NotYetValid);
    assert!(auth.verify(&token, at(NOW + 5)).is_ok());
    assert_eq!(AuthError::NotYetValid.code(), "token_not_yet_valid");
}

#[test]
fn expiry_is_told_only_of_tokens_that_are_right_otherwise() {
    let auth = auth().audience("game");
    let expired = |aud| token(&json!({ "sub": "ann", "exp": 1, "aud": aud }));
    assert_eq!(refusal(&auth, &expired("game")), AuthError::Expired);
    assert_eq!(refusal(&auth, &expired("other")), invalid_claim("aud"));
    let forged = signed(&Header::default(), OTHER_SECRET, &json!({ "sub": "ann", "exp": 1, "aud": "game" }));
    assert_eq!(refusal(&auth, &forged), AuthError::Invalid(Fault::Signature));
}

#[test]
fn a_token_without_expiry_needs_permission() {
    let forever = token(&json!({ "sub": "ann" }));
    assert_eq!(refusal(&auth(), &forever), invalid_claim("exp"));
    let lenient = auth().allow_tokens_without_expiry();
    assert_eq!(answer(&lenient, &forever), Ok("ann".to_owned()));
    assert_eq!(refusal(&lenient, &token(&json!({ "sub": "ann", "exp": 1 }))), AuthError::Expired);
}

#[test]
fn times_may_be_fractions_but_nothing_else() {
    let with = |exp: Value| auth().verify(&token(&json!({ "sub": "ann", "exp": exp })), at(NOW));
    assert!(with(json!(NOW as f64 + 0.5)).is_ok());
    for exp in [json!(-1), json!(-0.5), json!(1e300), json!(u64::MAX)] {
        assert_eq!(with(exp.clone()).unwrap_err(), invalid_claim("exp"), "{exp}");
    }
    for exp in [json!(true), json!("2000000000"), json!([NOW])] {
        assert_eq!(with(exp.clone()).unwrap_err(), AuthError::Invalid(Fault::Claims), "{exp}");
    }
}

#[test]
fn a_token_needs_a_user_id() {
    assert_eq!(refusal(&auth(), &token(&json!({ "exp": NOW + 60 }))), invalid_claim("sub"));
    assert_eq!(refusal(&auth(), &token(&json!({ "exp": NOW + 60, "sub": "" }))), invalid_claim("sub"));
}

#[test]
fn the_audience_has_to_be_ours_where_there_is_one() {
    let with = |aud: Value| token(&json!({ "sub": "ann", "exp": NOW + 60, "aud": aud }));
    let game = auth().audience("game").audience("lobby");
    for aud in [json!("game"), json!(["x", "lobby"])] {
        assert_eq!(answer(&game, &with(aud)), Ok("ann".to_owned()));
    }
    for aud in [json!("x"), json!([]), Value::Null] {
        assert_eq!(refusal(&game, &with(aud)), invalid_claim("aud"));
    }
    assert_eq!(refusal(&auth(), &with(json!("game"))), invalid_claim("aud"), "meant for somebody else");
}

#[test]
fn the_issuer_has_to_be_trusted_where_one_is_configured() {
    let with = |iss: Value| token(&json!({ "sub": "ann", "exp": NOW + 60, "iss": iss }));
    let trusting = auth().issuer("a").issuer("b");
    assert_eq!(answer(&trusting, &with(json!("b"))), Ok("ann".to_owned()));
    assert_eq!(refusal(&trusting, &with(json!("c"))), invalid_claim("iss"));
    assert_eq!(refusal(&trusting, &with(Value::Null)), invalid_claim("iss"));
    assert_eq!(answer(&auth(), &with(json!("c"))), Ok("ann".to_owned()));
}

#[test]
fn critical_header_extensions_are_refused() {
    let header = Header { crit: Some(vec!["b64".into()]), ..Header::default() };
    let token = signed(&header, SECRET, &json!({ "sub": "ann", "exp": NOW + 60 }));
    assert_eq!(refusal(&auth(), &token), AuthError::Invalid(Fault::CriticalHeader));
}

#[test]
fn the_length_of_a_token_is_bounded() {
    let padded = |bytes| token(&json!({ "sub": "ann", "exp": NOW + 60, "pad": "x".repeat(bytes) }));
    assert!(auth().verify(&padded(5_900), at(NOW)).is_ok());
    assert_eq!(refusal(&auth(), &padded(6_200)), AuthError::Invalid(Fault::TooLong));
}

#[test]
fn no_token_at_all_has_a_code_of_its_own() {
    assert_eq!(refusal(&auth(), ""), AuthError::Missing);
    assert_eq!(AuthError::Missing.code(), "token_missing");
}

#[test]
fn keys_that_are_too_weak_or_of_another_kind_are_errors_of_the_configuration() {
    let short = |algorithm, bytes: usize| Key::secret(algorithm, vec![7; bytes]).unwrap_err();
    let too_short = |bytes, least| KeyError::SecretTooShort { bytes, least };
    assert_eq!(short(Algorithm::Hs256, 31), too_short(31, 32));
    assert_eq!(short(Algorithm::Hs384, 47), too_short(47, 48));
    assert_eq!(short(Algorithm::Hs512, 63), too_short(63, 64));
    assert_eq!(short(Algorithm::Rs256, 300), KeyError::WrongKind);
    assert_eq!(JwtAuth::hs256("short").unwrap_err(), too_short(5, 32));
    assert_eq!(TokenIssuer::hs256("short").unwrap_err(), too_short(5, 32));
    let pem = |algorithm, pem| Key::public_pem(algorithm, pem).unwrap_err();
    assert_eq!(pem(Algorithm::Hs256, RSA_PUBLIC), KeyError::WrongKind);
    assert_eq!(pem(Algorithm::Rs256, RSA_1024_PUBLIC), KeyError::RsaTooShort);
    assert_eq!(pem(Algorithm::Rs256, EC_PUBLIC), KeyError::InvalidPem);
    assert_eq!(pem(Algorithm::Es384, EC_PUBLIC), KeyError::InvalidPem, "another curve");
    assert_eq!(pem(Algorithm::EdDsa, "nonsense"), KeyError::InvalidPem);
}

#[test]
fn nothing_shows_a_key_or_the_claims() {
    let issuer = TokenIssuer::hs256(SECRET).unwrap();
    let token = issuer.issue("ann", at(NOW), Duration::from_secs(60), &json!({ "mail": "a@b.c" })).unwrap();
    let claims = auth().verify(&token, at(NOW)).unwrap();
    let shown = format!("{:?} {:?} {issuer:?} {claims:?}", auth().key("k1", secret_key()), secret_key());
    let bytes = format!("{:?}", SECRET.as_bytes());
    for hidden in [SECRET, "secret of", "a@b.c", bytes.trim_matches(['[', ']'])] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn issued_tokens_carry_what_was_asked_for() {
    let issuer = TokenIssuer::hs256(SECRET).unwrap().audience("game").issuer("me").key_id("k1");
    let token = issuer.issue("ann", at(NOW), Duration::from_secs(60), &json!({ "level": 7, "jti": "t" }));
    let token = token.unwrap();
    let auth = JwtAuth::new().key("k1", secret_key()).audience("game").issuer("me");
    let claims: Value = auth.verify(&token, at(NOW)).unwrap().parse().unwrap();
    let expected = json!({
        "sub": "ann", "iat": NOW, "exp": NOW + 60, "aud": "game", "iss": "me", "level": 7, "jti": "t",
    });
    assert_eq!(claims, expected);
}

#[test]
fn an_issuer_refuses_claims_that_it_sets_itself() {
    let issuer = TokenIssuer::hs256(SECRET).unwrap();
    let issue = |extra: Value| issuer.issue("ann", at(NOW), Duration::from_secs(60), &extra);
    assert!(matches!(issue(json!({ "sub": "admin" })), Err(IssueError::Reserved("sub"))));
    assert!(matches!(issue(json!({ "exp": 1 })), Err(IssueError::Reserved("exp"))));
    assert!(matches!(issue(json!([1])), Err(IssueError::NotAnObject)));
    assert!(issue(json!({ "nbf": NOW + 9 })).is_ok());
    let never = issuer.issue("ann", at(NOW), Duration::MAX, &());
    assert!(matches!(never, Err(IssueError::TimeOutOfRange)));
}

#[test]
fn the_token_comes_from_the_payload_or_else_from_the_header() {
    let found = |payload, header| token_from(payload, header).map(Cow::into_owned);
    let payload = Some(r#"{"room":1,"token":"a"}"#);
    assert_eq!(found(payload, Some("Bearer b")).as_deref(), Some("a"));
    let without = [None, Some("{}"), Some(r#"{"token":""}"#), Some(r#"{"token":7}"#), Some("[1]"), Some("{")];
    for payload in without {
        assert_eq!(found(payload, Some("bearer  b")).as_deref(), Some("b"), "{payload:?}");
        for header in [None, Some("Basic b"), Some("Bearer"), Some("Bearer "), Some("b"), Some("")] {
            assert_eq!(found(payload, header), None, "{payload:?} {header:?}");
        }
    }
    assert_eq!(found(Some(r#"{"token":"\u0061"}"#), None).as_deref(), Some("a"));
}

#[test]
fn a_refresh_token_connects_nobody_and_an_access_token_refreshes_nothing() {
    let (lives, extra) = (TokenLives::default(), json!({ "name": "Ann" }));
    for audience in [None, Some("game")] {
        let (mut issuer, mut auth) = (TokenIssuer::hs256(SECRET).unwrap(), auth());
        if let Some(audience) = audience {
            (issuer, auth) = (issuer.audience(audience), auth.audience(audience));
        }
        let pair = issuer.issue_pair("ann", at(NOW), lives, &extra).unwrap();
        let refresh = auth.for_refresh_tokens();
        let (access_claims, refresh_claims) =
            (auth.verify(&pair.access, at(NOW)).unwrap(), refresh.verify(&pair.refresh, at(NOW)).unwrap());
        assert_eq!(access_claims.expires_at(), Some(at(NOW) + lives.access));
        assert_eq!(refresh_claims.expires_at(), Some(at(NOW) + lives.refresh));
        assert_ne!(access_claims.jti(), refresh_claims.jti());
        assert_eq!(refresh_claims.parse::<Value>().unwrap()["name"], "Ann");
        assert_eq!(refusal(&auth, &pair.refresh), AuthError::Invalid(Fault::Kind));
        assert_eq!(refusal(&refresh, &pair.access), AuthError::Invalid(Fault::Kind));
    }
}

/// A service with the same key that looks at no `typ` still sees that the token is for somebody else.
#[test]
fn a_refresh_token_has_an_audience_of_its_own() {
    let pair = TokenIssuer::hs256(SECRET).unwrap().audience("game");
    let pair = pair.issue_pair("ann", at(NOW), TokenLives::default(), &()).unwrap();
    let claims = auth().audience("game").for_refresh_tokens().verify(&pair.refresh, at(NOW)).unwrap();
    assert_eq!(claims.parse::<Value>().unwrap()["aud"], "game/refresh");
    let retyped = token(&claims.parse::<Value>().unwrap());
    assert_eq!(refusal(&auth().audience("game"), &retyped), invalid_claim("aud"));
}

#[test]
fn every_token_has_an_id_and_its_time_of_issue() {
    let issuer = TokenIssuer::hs256(SECRET).unwrap();
    let claims = |extra: &Value| {
        let token = issuer.issue("ann", at(NOW), Duration::from_secs(60), extra).unwrap();
        auth().verify(&token, at(NOW)).unwrap()
    };
    let (one, other, own) = (claims(&json!({})), claims(&json!({})), claims(&json!({ "jti": "mine" })));
    assert_eq!(one.jti().unwrap().len(), 32);
    assert_ne!(one.jti(), other.jti());
    assert_eq!((own.jti(), own.issued_at()), (Some("mine"), Some(at(NOW))));
}
