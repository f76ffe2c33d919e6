'use strict';
// Filters tables by text and pass. Without it all rows are there.
document.querySelectorAll('.filter').forEach(filter => {
  const rows = [...document.querySelectorAll(`#${filter.dataset.for} tbody tr`)];
  const [text, pass, shown] = ['input', 'select', 'output'].map(name => filter.querySelector(name));
  const texts = rows.map(row => row.textContent.toLowerCase());
  const update = () => {
    const words = text.value.toLowerCase().split(' ');
    const isPass = row => !pass || !pass.value || row.dataset.pass === pass.value;
    rows.forEach((row, i) => { row.hidden = !(isPass(row) ? words.every(word => texts[i].includes(word)) : false); });
    shown.textContent = `${rows.filter(row => !row.hidden).length} of ${rows.length} shown`;
  };
  filter.addEventListener('input', update);
  filter.hidden = false;
  update();
});
