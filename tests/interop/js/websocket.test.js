import { suite } from "./suite/index.js";

suite("websocket");
