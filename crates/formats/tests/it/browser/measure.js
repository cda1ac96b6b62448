// Measures every page of a wrapper document and leaves what is wrong as JSON in #faults.
'use strict';

const NUMBER = /[-+−]?\p{Sc}?\d[\d.,:\u00a0\u202f/-]*\d%?|\d/gu;
const WORD = /\S+/gu;
/// Longer words may be broken where a line cannot hold them.
const LONGEST_WORD = 20;

function channel(c) {
  c /= 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

function luminance([r, g, b]) {
  return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
}

function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function color(text) {
  const parts = (text.match(/[\d.]+/g) || []).map(Number);
  return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
}

function behind(element, win) {
  for (let at = element; at; at = at.parentElement) {
    const { rgb, alpha } = color(win.getComputedStyle(at).backgroundColor);
    if (alpha === 1) return rgb;
  }
  return [255, 255, 255];
}

function linesOf(range) {
  const tops = [];
  for (const rect of range.getClientRects()) {
    if (rect.width > 0 && !tops.some(top => Math.abs(top - rect.top) < rect.height / 2)) tops.push(rect.top);
  }
  return tops.length;
}

function measure(frame) {
  const doc = frame.contentDocument, win = frame.contentWindow, root = doc.documentElement;
  const faults = [];
  const fault = (what, text) => faults.push(what + ': ' + text.trim().slice(0, 60));
  if (root.scrollWidth > root.clientWidth) fault('the page scrolls sideways', `${root.scrollWidth} > ${root.clientWidth}`);
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest('caption, figcaption, style, script') || !element.checkVisibility()) continue;
    // Long text repeats itself.
    const data = node.data.slice(0, 2000);
    texts += 1;
    const part = match => {
      const range = doc.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      return range;
    };
    for (const match of data.matchAll(NUMBER)) {
      // A number of hundreds of digits in running text fits no line.
      if (match[0].length <= 60 && linesOf(part(match)) > 1) fault('a number is broken', match[0]);
    }
    if (element.closest('th, td, dt, dd, text')) {
      for (const match of data.matchAll(WORD)) {
        if (match[0].length <= LONGEST_WORD && linesOf(part(match)) > 1) fault('a word is broken', match[0]);
      }
    }
    const range = doc.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const scroller = element.closest('.scroll, .value');
    if (scroller) {
      const left = box.left - scroller.getBoundingClientRect().left + scroller.scrollLeft;
      if (left < -1 || left + box.width > scroller.scrollWidth + 1) fault('text cannot be scrolled to', data);
    } else if (box.left < -1 || box.right > root.clientWidth + 1) {
      fault('text leaves the page', data);
    }
    const style = win.getComputedStyle(element);
    const drawn = element instanceof win.SVGElement;
    const size = parseFloat(style.fontSize) * (drawn ? element.getScreenCTM().a : 1);
    if (size < 9) fault(`text of ${size.toFixed(1)} pixels`, data);
    const seen = contrast(color(drawn ? style.fill : style.color).rgb, behind(element, win));
    if (seen < 4.5) fault(`contrast of ${seen.toFixed(1)}`, data);
  }
  if (texts === 0) fault('nothing is shown', '');
  for (const th of doc.querySelectorAll('thead th')) {
    const column = th.getBoundingClientRect();
    if (th.textContent.trim() && column.width < 24) fault(`a column of ${column.width} pixels`, th.textContent);
    if (column.height > 160) fault(`a header of ${column.height} pixels`, th.textContent);
  }
  for (const svg of doc.querySelectorAll('.chart svg')) {
    const box = svg.getBoundingClientRect();
    if (svg.checkVisibility() && (box.left < 0 || box.right > root.clientWidth)) fault('a drawing leaves the page', '');
  }
  return { page: frame.dataset.page, width: frame.width, back: win.getComputedStyle(doc.body).backgroundColor, faults };
}

window.addEventListener('load', () => {
  const found = JSON.stringify([...document.querySelectorAll('iframe')].map(measure));
  const ascii = found.replace(/[<>&\u007f-\uffff]/g, c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
  document.getElementById('faults').textContent = ascii;
});
