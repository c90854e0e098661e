import { suite2 } from "./suite/index.js";

suite2("polling");
