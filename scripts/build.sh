# Builds to Release, and only when a source file has changed since the last build.

# No compiler or MSBuild process stays behind after a build.
BUILD_FLAGS=(-c Release --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false)

# The fingerprint of everything a build reads, and of further folders: names, times and sizes.
sources_fingerprint() {
    (cd "$ROOT" && find Directory.*.props global.json .editorconfig protocol grain-interfaces grains api silo cli "$@" \
        -type d \( -name bin -o -name obj -o -name results \) -prune -o -type f -printf '%p %T@ %s\n' 2>/dev/null | LC_ALL=C sort | sha256sum)
}

# build_once PROJECT [FOLDER…]: silo (with the api inside its references), cli, or one with further folders that it reads.
build_once() {
    local project=$1 out=$ROOT/$1/bin/Release/net10.0 now
    (
        # Two instances of one clone must not build at the same time; the lock is the folder itself.
        exec 8<"$ROOT/$project"
        flock 8
        now=$(sources_fingerprint "${@:2}")
        [ -f "$out/.sources" ] && [ "$(cat "$out/.sources")" = "$now" ] && exit 0
        step "Building $project (Release)"
        dotnet build "$ROOT/$project" "${BUILD_FLAGS[@]}" </dev/null 8>&- || exit 1
        printf '%s\n' "$now" >"$out/.sources"
    ) || die "the build of $project failed, see above"
}
