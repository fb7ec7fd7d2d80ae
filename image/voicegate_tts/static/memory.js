/** What the browser remembers of the page. It may forbid storage; the page then works without memory. */

function area(name) {
  try {
    return window[name];
  } catch {
    return undefined;
  }
}

export function recall(name, item) {
  try {
    return area(name)?.getItem(`voicegate.${item}`) ?? '';
  } catch {
    return '';
  }
}

export function remember(name, item, value) {
  try {
    area(name)?.setItem(`voicegate.${item}`, value);
  } catch {
    // Nothing is lost but the memory.
  }
}
