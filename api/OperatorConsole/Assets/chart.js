// A small chart, drawn as SVG: the last points of one figure, from zero up.

const svg = (name, attributes) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

const width = 480, height = 96, top = 4;

export class Chart {
  constructor(parent, title, points = 120) {
    this.points = points;
    this.values = [];
    this.area = svg('path', { class: 'area' });
    this.line = svg('path', { class: 'line' });
    this.picture = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img' });
    this.picture.append(svg('line', { class: 'base', x1: 0, x2: width, y1: height - 1, y2: height - 1 }), this.area, this.line);
    this.title = title;
    this.highest = document.createElement('span');
    const scale = document.createElement('div');
    scale.className = 'scale';
    scale.append('two minutes ago', this.highest, 'now');
    parent.append(this.picture, scale);
  }

  add(value, text) {
    this.values.push(value);
    if (this.values.length > this.points) this.values.shift();
    const most = Math.max(...this.values);
    const x = index => width - (this.values.length - 1 - index) * width / (this.points - 1);
    const y = point => height - 1 - (most > 0 ? point / most : 0) * (height - 1 - top);
    const path = this.values.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(index).toFixed(1)} ${y(point).toFixed(1)}`).join('');
    this.line.setAttribute('d', path);
    this.area.setAttribute('d', `${path}L${width} ${height - 1}L${x(0).toFixed(1)} ${height - 1}Z`);
    this.highest.textContent = `highest ${text(most)}`;
    this.picture.setAttribute('aria-label', `${this.title}: now ${text(value)}, highest ${text(most)}`);
  }
}
