// Draw each panel of the wall in front with all its words new, several times; gives the median of each in ms, layout included.
// `panels` = [name, file, call, topics]: either a function of a module, or the topics that make its painter paint. Run in the page by wall_rows.py.
async ([panels, languages]) => {
  const TURNS = 3;
  const REST_MS = 60;
  const base = document.querySelector('script[src*="main.js"]').src;
  const load = (file) => import(base.replace("main.js", file));
  const { touch } = await load("model.js");
  const { loadWords } = await load("words.js");
  const laidOut = () => document.body.getBoundingClientRect().height;
  const rest = () => new Promise((done) => setTimeout(done, REST_MS));

  /** From the frame in which the painters ran (known by the revision that they leave) to the end of its layout. */
  async function painted(topics) {
    let from = performance.now();
    let going = true;
    const beat = () => {
      from = performance.now();
      if (going) requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
    await new Promise((done) => {
      const watcher = new MutationObserver(() => {
        watcher.disconnect();
        done();
      });
      watcher.observe(document.documentElement, { attributeFilter: ["data-revision"] });
      touch(...topics);
    });
    going = false;
    laidOut();
    return performance.now() - from;
  }

  async function drawn(call) {
    const from = performance.now();
    call();
    laidOut();
    return performance.now() - from;
  }

  const told = {};
  for (const [name, file, call, topics] of panels) {
    const how = file ? (await load(file))[call] : null;
    const took = [];
    for (let turn = 0; turn < TURNS; turn++) {
      await loadWords(languages[turn % languages.length]);
      await rest();
      laidOut();
      took.push(await (how ? drawn(how) : painted(topics)));
    }
    told[name] = took.sort((a, b) => a - b)[TURNS >> 1];
  }
  return told;
}
