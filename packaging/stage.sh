#!/bin/bash
# Puts together what is installed, ready to run without a compiler: programs, BPF objects, shim, the ffi package.
#
#   packaging/stage.sh FOLDER      which must not exist
set -euo pipefail
cd "$(dirname "$0")/.."

target=$1
[ ! -e "$target" ] || { echo "stage: $target is there already" >&2; exit 1; }
packaging/build.sh

mkdir -p "$target"/{dist,bpf,native/build,node_modules}
cp -a dist/cli "$target/dist/"
mkdir "$target/bpf/build"
cp -a bpf/build/{steer,restore,guard,forget,trace}.bpf.o "$target/bpf/build/"
cp -a native/build/{libmetasteer.so,metasteer-launch,metasteer-haproxy} "$target/native/build/"
cp -a LICENSE CHANGELOG.md "$target/"
cp -a bpf/LICENSE-* "$target/bpf/"

# Packages of headers alone: what they are for is compiled by now.
headers='node-addon-api get-uv-event-loop-napi-h get-symbol-from-current-process-h @2060.io/node-addon-api'

# npm says which packages are needed to run; those below others come along with them.
npm ls --omit=dev --all --parseable | tail -n +2 | while read -r path; do
  name=${path#"$PWD/node_modules/"}
  case $name in */node_modules/*) continue ;; esac
  case " $headers " in *" $name "*) continue ;; esac
  mkdir -p "$target/node_modules/$(dirname "$name")"
  [ -e "$target/node_modules/$name" ] || cp -a "$path" "$target/node_modules/$name"
done

# A compiled addon goes where node-gyp-build looks in a package that nothing is compiled for.
arch=$(node -p process.arch)
find "$target/node_modules" -path '*/build/Release/*.node' -not -path '*/obj.target/*' | while read -r addon; do
  package=${addon%/build/Release/*}
  mkdir -p "$package/prebuilds/linux-$arch"
  mv "$addon" "$package/prebuilds/linux-$arch/node.napi.glibc.node"
  # The addon contains what is in deps/.
  if [ -e "$package/deps/libffi/LICENSE" ]; then cp "$package/deps/libffi/LICENSE" "$package/LICENSE-libffi"; fi
  rm -rf "$package"/{build,deps,src,test,example,include,docs,node-addon-api}
done
find "$target/node_modules" -depth -type d \( -name test -o -name tests -o -name benchmarks -o -name examples -o -name docs \
  -o -name '.?*' -o -name @types \) -exec rm -rf {} +
# What is read by compilers and people, but for licences. Programs of packages are for who develops with them.
find "$target/node_modules" -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.h' \
  -o -name '*.c' -o -name '*.cc' -o -name '*.gyp' -o -name '*.gypi' -o -name '*.md' -o -name '*.yml' -o -name '*.html' -o -name '.*' \) \
  -not -iname 'licen[cs]e*' -delete
grep -rlZ --include='*.js' --include='*.cjs' --include='*.mjs' --include='*.sh' '^#!' "$target/node_modules" | xargs -0 rm -f
find "$target" -type d -empty -delete
find "$target/native" "$target/node_modules" -type f \( -path '*/native/build/*' -o -name '*.node' \) -exec strip --strip-unneeded {} +

# Of packages that are in the programs (packaging/bundle.ts) only the licences are left to be installed.
node dist/packaging/bundled.js "$target/node_modules" | while read -r name; do
  mkdir -p "$target/licenses/$name"
  (cd "$target/node_modules/$name" && find . -type f -iname 'licen[cs]e*' -not -name '*.js' -exec cp --parents {} "$target/licenses/$name/" \;)
  rm -rf "$target/node_modules/${name:?}"
done
find "$target/node_modules" "$target/licenses" -type d -empty -delete

node dist/packaging/man/main.js "$target/man"

# Without scripts, that nothing is compiled at installation; with its packages, that none is fetched.
node - "$target" "$headers" <<'NODE'
const { existsSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const [target, headers = ''] = process.argv.slice(2);
const manifests = readdirSync(join(target, 'node_modules'), { recursive: true })
  .filter((path) => /(^|\/)package\.json$/.test(path))
  .map((path) => join(target, 'node_modules', path));
for (const path of manifests) {
  const { scripts, gypfile, bin, devDependencies, ...rest } = JSON.parse(readFileSync(path, 'utf8'));
  for (const name of headers.split(' ')) delete rest.dependencies?.[name];
  writeFileSync(path, `${JSON.stringify(rest, undefined, 2)}\n`);
}
const { scripts, devDependencies, allowScripts, files, dependencies, ...manifest } = JSON.parse(readFileSync('package.json', 'utf8'));
const installed = Object.entries(dependencies).filter(([name]) => existsSync(join(target, 'node_modules', name)));
const staged = {
  ...manifest,
  dependencies: Object.fromEntries(installed),
  cpu: [process.arch],
  files: ['dist', 'bpf', 'native', 'man', 'licenses', 'CHANGELOG.md'],
  man: readdirSync(join(target, 'man')).map((page) => `man/${page}`),
  bundleDependencies: installed.map(([name]) => name),
};
writeFileSync(join(target, 'package.json'), `${JSON.stringify(staged, undefined, 2)}\n`);
NODE
chmod -R u=rwX,go=rX "$target"
chmod 644 "$target/native/build/libmetasteer.so"
find "$target/node_modules" -type f -exec chmod 644 {} +
