// The control page: everything drawn once, then kept fresh.

import "./scenes.js";
import {showState} from "./events.js";
import {showDeliveries} from "./settings.js";
import {refresh} from "./tools.js";

refresh();
const every = (seconds, work) => setInterval(() => { if (!document.hidden) work(); }, seconds * 1000);
every(3, showDeliveries);
every(30, showState);
