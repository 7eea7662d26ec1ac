import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import pg from 'pg'

/** The yardstick: pgbench's tpcb-like script, prepared, 16 clients, scale 50, on the same server. */

const run = promisify(execFile)
const clients = 16
const scale = 50

export const hasPgbench = (): boolean => spawnSync('pgbench', ['--version']).status === 0

export const preparePgbench = async (ownerUrl: string): Promise<string> => {
  const url = new URL(ownerUrl)
  url.pathname = '/pgbench'
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  await owner.query('drop database if exists pgbench')
  await owner.query('create database pgbench')
  await owner.end()
  await run('pgbench', ['-i', '-q', '-s', String(scale), url.href])
  return url.href
}

/** @returns transactions per second */
export const runPgbench = async (url: string, seconds: number): Promise<number> => {
  const { stdout } = await run('pgbench', ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds), url])
  return Math.round(Number(/tps = ([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN))
}
