/** The hash by which page and server compare the states that they have: FNV-1a, 32 bits. */

const utf8 = new TextEncoder();

export function hash(value: unknown): number {
  let sum = 0x811c9dc5;
  const bytes = (some: Iterable<number>) => {
    for (const byte of some) sum = Math.imul(sum ^ byte, 0x01000193);
  };
  const letter = (one: string) => bytes([one.charCodeAt(0)]);
  const text = (some: string) => {
    letter("s");
    bytes(utf8.encode(some));
    bytes([0]);
  };
  const walk = (some: unknown): void => {
    if (typeof some === "string") return text(some);
    if (typeof some === "boolean") return letter(some ? "t" : "f");
    if (typeof some === "number") {
      letter("n");
      return bytes(double(some));
    }
    if (typeof some !== "object" || some === null) return letter("z");
    letter(Array.isArray(some) ? "[" : "{");
    if (Array.isArray(some)) some.forEach(walk);
    // Without a function of its own, `sort` compares UTF-16 units, as the server does.
    else for (const key of Object.keys(some).sort()) text(key), walk((some as Record<string, unknown>)[key]);
    letter(Array.isArray(some) ? "]" : "}");
  };
  walk(value);
  return sum >>> 0;
}

function double(number: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return new Uint8Array(view.buffer);
}
