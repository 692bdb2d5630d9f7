// An account without devices sees the ways to get one.
import {texts} from '../i18n/index.ts';
import {CopyLine, PageTitle} from '../ui/controls.tsx';

/** `title` names the page, where that is another one than Home. */
export function NoDevice({title}: {title?: string}) {
  const words = texts.value.home;
  return (
    <>
      {title !== undefined && <PageTitle>{title}</PageTitle>}
      <section class="card empty">
        {title === undefined ? <PageTitle>{words.empty}</PageTitle> : <h2>{words.empty}</h2>}
        <p>{words.emptyHelp}</p>
        <CopyLine text="gridloom serve --demo" />
        <p>{words.emptyAdd}</p>
        <CopyLine text="gridloom device add --help" />
      </section>
    </>
  );
}
