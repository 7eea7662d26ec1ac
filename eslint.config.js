import tseslint from 'typescript-eslint'

const forbid = (selector, message) => ({ selector, message })

const everywhere = [
  forbid('ExportDefaultDeclaration', 'Export by name, so that a thing has one name everywhere.'),
  forbid('ExportAllDeclaration', 'No barrels: import a thing from the file that defines it.'),
  forbid('TSEnumDeclaration', 'Use z.enum; it is both the type and the check.')
]

export default tseslint.config(
  { ignores: ['dist', '.tap', '.ticun', '.dependency-cruiser.mjs'] },
  tseslint.configs.strict,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }]
    }
  },
  {
    // An answer's body is whatever the service said: tests look into it freely.
    files: ['test/**/*.ts', 'bench/**/*.ts', 'demo/**/*.ts', 'simulate/**/*.ts', 'scripts/**/*.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off', '@typescript-eslint/no-non-null-assertion': 'off' }
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...everywhere]
    }
  },
  {
    files: ['src/*/rules.ts', 'src/*/postings.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...everywhere,
        forbid(':function[async=true], AwaitExpression', 'A rule is synchronous: load first, then decide.'),
        forbid("NewExpression[callee.name='Date'][arguments.length=0], CallExpression[callee.object.name='Date'][callee.property.name='now']", 'A rule is told the time.'),
        forbid("CallExpression[callee.object.name='Math'][callee.property.name='random'], CallExpression[callee.name='newId']", 'A rule is handed its ids.'),
        forbid("CallExpression[callee.name='Number'], CallExpression[callee.name='parseFloat'], BinaryExpression[operator='/'][right.type='Literal'][right.bigint=null]", 'Money is bigint minor units.'),
        forbid('ThrowStatement > NewExpression', 'Throw a declared problem.')]
    }
  },
  {
    files: ['src/*/routes.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...everywhere,
        forbid('IfStatement, SwitchStatement, TryStatement, ConditionalExpression, LogicalExpression', 'A route decides nothing: move the choice into rules.ts.'),
        forbid('ThrowStatement', 'A route refuses nothing; its schema or its service does.')]
    }
  }
)
