import js from "@eslint/js";
import boundaries from "eslint-plugin-boundaries";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/** Which rooms a room may import; type imports count. What is missing here is forbidden. */
const MAY_IMPORT = {
  geometry: [],
  masks: ["geometry"],
  document: ["masks", "geometry"],
  decoder: ["document", "masks", "geometry"],
  prompting: ["decoder", "document", "masks", "geometry"],
  sync: ["document", "masks"],
  canvas: ["prompting", "document", "masks", "geometry"],
  tools: ["prompting", "document", "masks", "geometry"],
  actions: ["tools", "prompting", "decoder", "document", "masks", "geometry", "sync"],
  ui: [
    "ui",
    "actions",
    "tools",
    "canvas",
    "prompting",
    "decoder",
    "document",
    "masks",
    "geometry",
    "sync",
  ],
};

const NETWORK = ["fetch", "WebSocket", "XMLHttpRequest", "EventSource", "indexedDB"];

export default tseslint.config(
  { ignores: ["dist", "node_modules"] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { boundaries, "react-hooks": reactHooks },
    settings: {
      "import/resolver": { node: { extensions: [".ts", ".tsx", ".js", ".css", ".json"] } },
      "boundaries/include": ["src/**/*.{ts,tsx}"],
      "boundaries/elements": Object.keys(MAY_IMPORT).map((room) => ({
        type: room,
        pattern: `src/${room}`,
        partialMatch: false,
      })),
    },
    rules: {
      ...reactHooks.configs.recommended.rules,
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          message:
            "{{from.element.type}} must not import {{to.element.type}}: see MAY_IMPORT in eslint.config.js",
          policies: Object.entries(MAY_IMPORT).map(([from, allow]) => ({
            from: { element: { type: from } },
            allow: [from, ...allow].map((type) => ({
              to: { element: { type } },
            })),
          })),
        },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      "no-console": "error",
      "max-lines": ["error", 400],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "no-restricted-globals": [
        "error",
        ...NETWORK.map((name) => ({
          name,
          message: "Only sync/ speaks to the network and to IndexedDB.",
        })),
      ],
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["onnxruntime-web*"], message: "Only decoder/ knows onnxruntime." },
            { group: ["idb"], message: "Only sync/ knows IndexedDB." },
          ],
        },
      ],
    },
  },
  {
    files: ["src/sync/**"],
    rules: {
      "no-restricted-globals": "off",
      "no-restricted-imports": [
        "error",
        {
          patterns: [{ group: ["onnxruntime-web*"], message: "Only decoder/ knows onnxruntime." }],
        },
      ],
    },
  },
  {
    files: ["src/decoder/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["idb"], message: "Only sync/ knows IndexedDB." }] },
      ],
    },
  },
  {
    files: ["src/{document,geometry,masks}/**"],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...[...NETWORK, "window", "document", "performance", "setTimeout", "crypto"].map(
          (name) => ({
            name,
            message: "document, geometry and masks are pure: no DOM, no clock, no network.",
          }),
        ),
      ],
    },
  },
  {
    // Tests read golden files and may build anything they like.
    files: ["src/**/*.test.{ts,tsx}"],
    rules: { "boundaries/dependencies": "off", "no-restricted-globals": "off" },
  },
  {
    files: ["*.{js,ts}"],
    languageOptions: { globals: { process: "readonly" } },
  },
);
