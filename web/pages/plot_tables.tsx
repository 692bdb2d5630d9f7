// The plots in figures: every row, and what differs from the period before.
import {type Comparison, compared, type Figures} from '../charts/compare.ts';
import type {Line} from '../charts/data.ts';
import type {Span} from '../charts/span.ts';
import {difference} from '../format/number.ts';
import {localeName, measuredText, spanText, texts, whenText} from '../i18n/index.ts';

const tableRows = 500;

export const momentsText = ({from, to}: Span) =>
  texts.value.devicePage.span(whenText(from, 'moment'), whenText(to, 'moment'));

interface TableProps {
  times: number[];
  lines: Line[];
}

/** The last rows, the newest first; each field has its column of the period before beside it. */
export function PlotTable({times, lines}: TableProps) {
  const words = texts.value.plot;
  const first = Math.max(0, times.length - tableRows);
  const shown = lines.flatMap(({name, title, unit, column, before}) => [
    {key: name, title, unit, column},
    ...(before ? [{key: `${name} before`, title: words.before(title), unit, column: before}] : []),
  ]);
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={words.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.time}</th>
            {shown.map(({key, title}) => (
              <th key={key} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times
            .slice(first)
            .map((at, i) => (
              <tr key={at}>
                <td>{whenText(at, 'moment')}</td>
                {shown.map(({key, column, unit}) => (
                  <td key={key}>{cell(column[first + i], unit)}</td>
                ))}
              </tr>
            ))
            .reverse()}
        </tbody>
      </table>
    </div>
  );
}

function cell(value: number | null | undefined, unit: string): string {
  return value == null ? texts.value.plot.unknown : measuredText(value, unit);
}

interface ComparedProps {
  lines: Line[];
  /** The period before. */
  before: Span;
  stepMs: number;
}

/** What differs, in figures; a word where there is nothing to compare with. */
export function Compared({lines, before, stepMs}: ComparedProps) {
  const words = texts.value.plot;
  const rows = lines.map((line) => ({line, comparison: compared(line)}));
  const known = rows.filter(({comparison}) => comparison !== null);
  if (known.length === 0) {
    return <p class="muted small-text compared">{words.nothingBefore(momentsText(before))}</p>;
  }
  return (
    <section class="compared">
      <p class="muted small-text">
        <i class="swatch pale" aria-hidden="true" />
        {words.paler(momentsText(before))}
      </p>
      <div class="table-box" tabIndex={0} role="region" aria-label={texts.value.history.compare}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.compared}</th>
              <th scope="col">{words.least}</th>
              <th scope="col">{words.mean}</th>
              <th scope="col">{words.most}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({line, comparison}) => (
              <tr key={line.name}>
                <th scope="row">
                  {line.title}
                  <Extent line={line} comparison={comparison} stepMs={stepMs} />
                </th>
                {(['least', 'mean', 'most'] as const).map((figure) => (
                  <td key={figure}>
                    {comparison ? (
                      <Difference comparison={comparison} figure={figure} unit={line.unit} />
                    ) : (
                      words.unknown
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** For how long both are known, where that is not all of what is known now. */
function Extent({
  line,
  comparison,
  stepMs,
}: {
  line: Line;
  comparison: Comparison | null;
  stepMs: number;
}) {
  const known = line.column.filter((value) => value !== null).length;
  if (!comparison || comparison.rows >= known) return null;
  const span = spanText((comparison.rows * stepMs) / 1000);
  return <span class="muted small-text"> {texts.value.plot.over(span)}</span>;
}

function Difference({
  comparison: {now, before},
  figure,
  unit,
}: {
  comparison: Comparison;
  figure: keyof Figures;
  unit: string;
}) {
  return (
    <>
      <b>{measuredText(now[figure], unit)}</b>{' '}
      <span class="muted small-text">
        {difference(now[figure] - before[figure], unit, localeName(), texts.value.plot.points)}
      </span>
    </>
  );
}
