import { defineConfig } from "vite";

/** Where `npm run dev` finds the server; the built page is served by it. */
const server = process.env.LOBBY_URL ?? "http://127.0.0.1:7000";

/**
 * What the built page may load and do: its own files, its own server, and no
 * text that becomes markup (Trusted Types). `npm run dev` goes without, for the
 * development server adds scripts and styles of its own.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    port: 7001,
    proxy: {
      "/login": server,
      "/refresh": server,
      "/logout": server,
      "/socket.io": { target: server, ws: true },
    },
  },
  plugins: [
    {
      name: "greenroom:content-security-policy",
      apply: "build",
      transformIndexHtml: () => [
        {
          tag: "meta",
          attrs: { "http-equiv": "Content-Security-Policy", content: policy },
          injectTo: "head-prepend",
        },
      ],
    },
  ],
});
