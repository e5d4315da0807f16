// The control page: everything drawn once, then kept fresh.

import "./scenes.js";
import "./events.js";
import {showDeliveries} from "./settings.js";
import {refresh} from "./tools.js";

refresh();
setInterval(() => { if (!document.hidden) showDeliveries(); }, 3000);
