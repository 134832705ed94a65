// Making elements, changing only what differs, and how times and numbers are written.

/** An element with attributes and children; texts go in as texts. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** The same for SVG. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** Sets attributes; null and false remove one. */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? '' : value);
  }
}

export function text(element, value) {
  const written = String(value);
  if (element.textContent !== written) element.textContent = written;
}

export function button(label, attributes, press) {
  const element = make('button', { type: 'button', ...attributes }, label);
  element.addEventListener('click', press);
  return element;
}

export function count(value) {
  return value === null || value === undefined ? '–' : value.toLocaleString('en');
}

export function clock(at) {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? '–' : time.toLocaleTimeString('en-GB');
}
