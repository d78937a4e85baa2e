// What effects ask Python: an answer that comes when nobody waits for it any more is dropped, and a refusal tells nothing.
import type { Live } from "../model/live";

/** Milliseconds after the first of some changes. */
const AGAIN = 300;

/** Asks, at once or `wait` milliseconds later. What is returned ends it. */
export function asked<T>(ask: () => Promise<T>, tell: (told: T) => void, wait = 0): () => void {
  const question = new Question(ask, tell);
  if (wait) question.after(wait);
  else question.ask();
  return () => question.end();
}

/** Asks at once, and again a little after each change of a node. What is returned ends it. */
export function askedAgain<T>(live: Live, node: number, ask: () => Promise<T>, tell: (told: T) => void): () => void {
  const question = new Question(ask, tell);
  question.ask();
  const stop = live.onNode(node, () => question.after(AGAIN));
  return () => {
    stop();
    question.end();
  };
}

class Question<T> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private over = false;

  constructor(
    private readonly put: () => Promise<T>,
    private readonly tell: (told: T) => void,
  ) {}

  ask() {
    this.put().then(
      (told) => !this.over && this.tell(told),
      () => {},
    );
  }

  after(wait: number) {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.ask();
    }, wait);
  }

  end() {
    this.over = true;
    clearTimeout(this.timer);
  }
}
