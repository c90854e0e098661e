// Just enough JSON Web Token for the contract: HS256, `sub`, `exp`.

import { createHmac, timingSafeEqual } from "node:crypto";

const LEEWAY_S = 60;

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));
const signature = (text, secret) => createHmac("sha256", secret).update(text).digest();

/** A token with these claims; `alg: "none"` leaves it unsigned. */
export function sign(claims, secret, alg = "HS256") {
  const text = `${encode({ alg, typ: "JWT" })}.${encode(claims)}`;
  return `${text}.${alg === "none" ? "" : signature(text, secret).toString("base64url")}`;
}

/** `{sub}` of a good token, else `{code}`. */
export function subjectOf(token, secret) {
  if (token === undefined) return { code: "token_missing" };
  try {
    return examined(String(token).split("."), secret);
  } catch {
    return { code: "token_invalid" };
  }
}

function examined([header, claims, seal], secret) {
  const { alg } = decode(header);
  const sealed = timingSafeEqual(Buffer.from(seal, "base64url"), signature(`${header}.${claims}`, secret));
  const { sub, exp } = decode(claims);
  if (alg !== "HS256" || !sealed || typeof sub !== "string" || typeof exp !== "number") return { code: "token_invalid" };
  return exp + LEEWAY_S < Date.now() / 1000 ? { code: "token_expired" } : { sub };
}
