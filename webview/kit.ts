import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { h, type ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import './kit.css';

/**
 * The simple controls of the page. This is the only file that knows `@vscode/webview-ui-toolkit`, which is archived: whoever replaces it
 * writes these five functions anew. The controls are registered under a prefix of our own.
 */
provideVSCodeDesignSystem()
  .withPrefix('fw')
  .register(vsCodeButton(), vsCodeCheckbox(), vsCodeDropdown(), vsCodeOption(), vsCodeTextField());

interface Described {
  /** Read out in the place of a visible label. */
  readonly label: string;
  readonly tip?: string;
  readonly class?: string;
}

interface ButtonProps extends Partial<Described> {
  readonly look?: 'primary' | 'secondary' | 'icon';
  readonly disabled?: boolean;
  readonly expanded?: boolean;
  readonly children: ComponentChildren;
  readonly onPress: (event: MouseEvent) => void;
}

export function Button(props: ButtonProps): ComponentChildren {
  return h(
    'fw-button',
    {
      appearance: props.look ?? 'secondary',
      class: props.class,
      disabled: props.disabled ?? false,
      'aria-label': props.label,
      'aria-expanded': props.expanded,
      'data-tip': props.tip,
      onClick: props.onPress,
    },
    props.children,
  );
}

interface TextFieldProps extends Described {
  readonly value: string;
  readonly placeholder?: string;
  readonly disabled?: boolean;
  /** What is wrong with the value. */
  readonly problem?: string | undefined;
  readonly numeric?: boolean;
  /** With every keystroke. */
  readonly onInput?: (value: string) => void;
  /** On Enter, and when the field is left with another value. False takes the value back. */
  readonly onCommit?: (value: string) => boolean;
}

interface FieldElement extends HTMLElement {
  value: string;
}

/** A one-line field. Escape takes back what was typed since the last commit. */
export function TextField(props: TextFieldProps): ComponentChildren {
  const element = useRef<FieldElement>(null);
  useLayoutEffect(() => {
    if (element.current && element.current.value !== props.value)
      element.current.value = props.value;
  }, [props.value]);
  const commit = () => {
    const typed = element.current?.value ?? props.value;
    if (typed === props.value || !props.onCommit) return;
    if (!props.onCommit(typed) && element.current) element.current.value = props.value;
  };
  return h('fw-text-field', {
    ref: element,
    class: props.class,
    'current-value': props.value,
    placeholder: props.placeholder,
    disabled: props.disabled ?? false,
    'aria-label': props.label,
    'aria-invalid': props.problem ? 'true' : undefined,
    'data-invalid': props.problem ? '' : undefined,
    'data-tip': props.problem ?? props.tip,
    'data-vscode-context': '{"preventDefaultContextMenuItems":false}',
    inputmode: props.numeric ? 'numeric' : undefined,
    spellcheck: false,
    onInput: () => props.onInput?.(element.current?.value ?? ''),
    onChange: commit,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Escape' && element.current && props.onCommit) {
        element.current.value = props.value;
      }
    },
  });
}

interface DropdownProps extends Described {
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly title: string }[];
  readonly disabled?: boolean;
  readonly onChoose: (value: string) => void;
}

interface SelectElement extends HTMLElement {
  value: string;
}

export function Dropdown(props: DropdownProps): ComponentChildren {
  const element = useRef<SelectElement>(null);
  const values = props.options.map((option) => option.value).join('\n');
  useLayoutEffect(() => {
    // The control learns of its options in a slot change, one microtask after they are in the page.
    queueMicrotask(() => {
      if (element.current) element.current.value = props.value;
    });
  }, [props.value, values]);
  return h(
    'fw-dropdown',
    {
      ref: element,
      class: props.class,
      disabled: props.disabled ?? false,
      'aria-label': props.label,
      'data-tip': props.tip,
      onChange: () => {
        const chosen = element.current?.value;
        if (chosen !== undefined && chosen !== props.value) props.onChoose(chosen);
      },
    },
    props.options.map(({ value, title }) =>
      h('fw-option', { key: value, value, selected: value === props.value }, title),
    ),
  );
}

interface CheckboxProps {
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
  readonly onToggle: (checked: boolean) => void;
}

interface CheckElement extends HTMLElement {
  checked: boolean;
}

export function Checkbox(props: CheckboxProps): ComponentChildren {
  const element = useRef<CheckElement>(null);
  useLayoutEffect(() => {
    if (element.current) element.current.checked = props.checked;
  }, [props.checked]);
  return h(
    'fw-checkbox',
    {
      ref: element,
      disabled: props.disabled ?? false,
      onChange: () => {
        const checked = element.current?.checked ?? props.checked;
        if (checked !== props.checked) props.onToggle(checked);
      },
    },
    props.children,
  );
}

/**
 * Something is under way; the text beside it says what. Not the toolkit's own ring: that carries a style attribute, which the content
 * security policy refuses.
 */
export function Ring(): ComponentChildren {
  return h('span', { class: 'ring', 'aria-hidden': 'true' });
}
