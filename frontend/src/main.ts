/** The page's entry: fonts, tokens, the app. */
import "@fontsource-variable/inter/index.css";
import "./ui/tokens.css";
import { createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./ui/app";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root element");
createRoot(root).render(createElement(StrictMode, null, createElement(App)));
