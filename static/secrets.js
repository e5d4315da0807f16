/* Card secrets in the browser: the session key and what is encrypted to it. Pure functions over WebCrypto; what the
   page does with them is in reveal.js. The scheme is the provider's: RSA-OAEP with SHA-1, AES-128-GCM. */
const SECRET_BYTES = 16;
const IV_BYTES = 16;
/* One secret with what was encrypted to it: a browser that cannot open this cannot open any. */
const GOLDEN = {
  secret: "9bFlIkpYt5HfavHYMD5hzQ==",
  iv: "oGYZcO8/bfAUje1+ijSIjQ==",
  data: "qFUpNaLlb8IQhtfxQRO2GZEjeb91JqA8U3mhTsaKr80=",
  text: "2C439150008063FF",
};
/* Ways over a keypad that people choose and others try first. */
const KEYPAD = new Set([
  "2580", "0852", "1470", "0741", "3690", "0963", "1590", "0951", "3570", "0753", "1379", "9731", "1397", "7931",
  "1793", "3971", "1739", "9371", "7139", "1357", "7531", "2468", "8642", "1236", "1478", "3698", "7896",
  "12369", "14789", "147258", "258369", "123654", "159357", "357159", "147852", "741852", "852963", "963852",
  "789456", "456123", "456789", "147258369", "789456123", "159753", "951753",
]);

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const base64Of = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const random = (length) => crypto.getRandomValues(new Uint8Array(length));
const aes = (secret, use) => crypto.subtle.importKey("raw", secret, "AES-GCM", false, [use]);

/** A fresh session: sixteen bytes that never leave the page, and their base64 text encrypted to the provider. */
export async function makeSession(publicPem, secret = random(SECRET_BYTES)) {
  const spki = bytesOf(publicPem.replace(/-----[A-Z ]+-----|\s/g, ""));
  const key = await crypto.subtle.importKey("spki", spki, { name: "RSA-OAEP", hash: "SHA-1" }, false, ["encrypt"]);
  const text = new TextEncoder().encode(base64Of(secret));
  const session = await crypto.subtle.encrypt({ name: "RSA-OAEP" }, key, text);
  return { secret, session: base64Of(session) };
}

/** The text of one encrypted value; throws where a single bit of it is not as the provider sent it. */
export async function open(secret, { iv, data }) {
  const key = await aes(secret, "decrypt");
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytesOf(iv) }, key, bytesOf(data));
  return new TextDecoder().decode(plain).trim();
}

/** A text as the provider takes it: the tag follows the ciphertext. */
export async function seal(secret, text) {
  const iv = random(IV_BYTES);
  const key = await aes(secret, "encrypt");
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(text));
  return { iv: base64Of(iv), data: base64Of(data) };
}

/** ISO 9564 format 2 in sixteen characters: 4321 is 244321FFFFFFFFFF. */
export function pinBlock(pin) {
  if (!/^\d{4,12}$/.test(pin)) throw new RangeError("a PIN has 4 to 12 digits");
  return `2${pin.length.toString(16).toUpperCase()}${pin}`.padEnd(16, "F");
}

export function readPinBlock(text) {
  const [, length, digits] = /^2([4-9A-C])(\d{4,12})F*$/i.exec(text) || [];
  if (text.length !== 16 || parseInt(length, 16) !== digits?.length) throw new RangeError("not a PIN block");
  return digits;
}

/** Why this PIN would be guessed, as a word: length, same, run, repeat, pairs, mirror, year, card, keypad; "" if none. */
export function weakness(pin, last4 = "") {
  if (!/^\d{4,12}$/.test(pin)) return "length";
  const steps = [...pin].slice(1).map((digit, n) => (digit - pin[n] + 10) % 10);
  const rules = {
    same: steps.every((step) => step === 0),
    run: steps.every((step) => step === 1) || steps.every((step) => step === 9),
    repeat: /^(\d+)\1+$/.test(pin),
    pairs: /^((\d)\2)+$/.test(pin),
    mirror: pin === [...pin].reverse().join(""),
    year: /^(19|20)\d\d$/.test(pin),
    card: last4.length === 4 && pin.includes(last4),
    keypad: KEYPAD.has(pin),
  };
  return Object.keys(rules).find((name) => rules[name]) || "";
}

/** Whether this browser does the scheme as the provider does. */
export async function selfTest() {
  try {
    const text = await open(bytesOf(GOLDEN.secret), GOLDEN);
    return text === GOLDEN.text && readPinBlock(text) === "439150008063";
  } catch {
    return false;
  }
}
