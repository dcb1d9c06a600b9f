"""How a page looks, asked of the page itself: JavaScript that gives what is wrong, or an empty string."""

# What is wider than the window, apart from what scrolls in a box of its own.
OVERFLOW = """(() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return "";
  for (const one of document.querySelectorAll("body *")) {
    if (one.getBoundingClientRect().right > wide + 1 && !one.closest(".scroll, pre, nav"))
      return one.tagName + "." + one.className + " ends at " + one.getBoundingClientRect().right;
  }
  return "the page is " + document.documentElement.scrollWidth + " wide";
})()"""
# Contrast of every text against what is behind it (WCAG 2.1, 1.4.3); those below 4.5.
CONTRAST = """(() => {
  const parts = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const linear = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = one => {
    const layers = [];
    for (let at = one; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parts(getComputedStyle(at).backgroundColor);
      if (a > 0) layers.push([r, g, b, a]);
      if (a === 1) break;
    }
    let out = [255, 255, 255];
    for (const [r, g, b, a] of layers.reverse()) out = [r, g, b].map((v, i) => v * a + out[i] * (1 - a));
    return out;
  };
  const bad = new Set();
  for (const one of document.querySelectorAll("body *")) {
    if (!one.checkVisibility() || one.closest("script, noscript, option, .strip")) continue;
    if (![...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) continue;
    const a = light(parts(getComputedStyle(one).color)), b = light(behind(one));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.add(one.tagName + "." + one.className + " " + ratio.toFixed(2));
  }
  return [...bad].slice(0, 5).join(", ");
})()"""
