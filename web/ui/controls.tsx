// Small controls that several pages use.
import type {ComponentChildren} from 'preact';
import {useEffect, useRef, useState} from 'preact/hooks';
import {texts} from '../i18n/index.ts';
import {pageTitle, titleRef} from '../store/routes.ts';

interface Choice<T extends string> {
  value: T;
  label: string;
}

/** A few choices of which one holds; looks like one control, is a set of radio buttons. */
export function Segments<T extends string>({
  label,
  name,
  choices,
  value,
  onChange,
}: {
  label: string;
  name: string;
  choices: Choice<T>[];
  value: T | null;
  onChange: (value: T) => void;
}) {
  return (
    <fieldset class="segments">
      <legend class="hidden">{label}</legend>
      {choices.map((choice) => (
        <label key={choice.value}>
          <input
            type="radio"
            name={name}
            value={choice.value}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          <span>{choice.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** A button that stays pressed while its state is on. */
export function ToggleButton({
  label,
  isOn,
  onChange,
}: {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}) {
  return (
    <button type="button" class="small" aria-pressed={isOn} onClick={() => onChange(!isOn)}>
      {label}
    </button>
  );
}

/** Tabs as links: each is an address, so back and reload do what they should. */
export function Tabs<T extends string>({
  label,
  tabs,
  value,
  href,
}: {
  label: string;
  tabs: Choice<T>[];
  value: T;
  href: (value: T) => string;
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a
          key={tab.value}
          href={href(tab.value)}
          aria-current={tab.value === value ? 'page' : undefined}
        >
          {tab.label}
        </a>
      ))}
    </nav>
  );
}

/** A text to take along, such as a command line. */
export function CopyLine({text}: {text: string}) {
  const [copied, setCopied] = useState(false);
  const code = useRef<HTMLElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      getSelection()?.selectAllChildren(code.current!);
    }
  };
  return (
    <div class="copy-line">
      <code ref={code} tabIndex={0}>
        {text}
      </code>
      <button type="button" class="small" onClick={() => void copy()}>
        {copied ? texts.value.set.copied : texts.value.set.copy}
      </button>
    </div>
  );
}

/** What the page is called in the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    pageTitle.value = title;
  }, [title]);
}

export function PageTitle({
  children,
  beside,
}: {
  children: ComponentChildren;
  beside?: ComponentChildren;
}) {
  return (
    <header class="page-title">
      <h1 tabIndex={-1} ref={titleRef}>
        {children}
      </h1>
      {beside}
    </header>
  );
}
