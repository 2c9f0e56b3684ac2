// The operator's page begins here.
// Belongs here: putting it together. Does not belong here: anything else.
import { Client } from './client.ts';
import { App } from './ui/app.ts';

const root = document.getElementById('page');
const base = document.querySelector<HTMLMetaElement>('meta[name=api]')?.content ?? '/v1/';
if (root) new App(root, new Client(base));
