<?php

// Says to a tracker what a UNIT3D site says to its announce service, and looks at the answers as closely as UNIT3D does: every
// call has to be answered with 200, and every field of what it reads has to be there, in its type.
//
//   php unit3d.php session URL KEY FOLDER   makes every call; the answers that are read are left in FOLDER
//   php unit3d.php check KIND FILE          looks at one answer: torrent, user or stats
//
// Ends with 1 and the name of the call or the field where something is wrong.

declare(strict_types=1);

const RATES = ['rates' => ['*' => ['count' => 'float', 'max_count' => 'float', 'window' => 'float', 'updated_at' => 'float']]];

const SHAPES = [
    'torrent' => [
        'id' => 'int', 'status' => 'string', 'is_deleted' => 'bool', 'seeders' => 'int', 'leechers' => 'int', 'times_completed' => 'int', 'download_factor' => 'int', 'upload_factor' => 'int',
        'peers' => ['*' => [
            'ip_address' => 'string', 'user_id' => 'int', 'torrent_id' => 'int', 'port' => 'int', 'is_seeder' => 'bool', 'is_active' => 'bool', 'is_visible' => 'bool',
            'updated_at' => 'int', 'uploaded' => 'int', 'downloaded' => 'int',
        ]],
    ],
    'user' => [
        'id' => 'int', 'group_id' => 'int', 'passkey' => 'string', 'can_download' => 'bool', 'is_donor' => 'bool', 'is_lifetime' => 'bool', 'num_seeding' => 'int', 'num_leeching' => 'int',
        'receive_seed_list_rates' => RATES, 'receive_leech_list_rates' => RATES,
    ],
    'stats' => [
        'created_at' => 'float', 'last_request_at' => 'float', 'last_announce_response_at' => 'float',
        'requests_per_1s' => 'float', 'requests_per_10s' => 'float', 'requests_per_60s' => 'float', 'requests_per_900s' => 'float', 'requests_per_7200s' => 'float',
        'announce_responses_per_1s' => 'float', 'announce_responses_per_10s' => 'float', 'announce_responses_per_60s' => 'float', 'announce_responses_per_900s' => 'float',
        'announce_responses_per_7200s' => 'float',
    ],
];

function fail(string $what): never
{
    fwrite(STDERR, $what."\n");
    exit(1);
}

function check(string $name, mixed $value, string|array $shape): void
{
    if (is_string($shape)) {
        if (!('is_'.$shape)($value)) {
            fail("$name is no $shape: ".json_encode($value));
        }

        return;
    }

    if (!is_array($value)) {
        fail("$name is no array: ".json_encode($value));
    }

    foreach ($shape as $field => $part) {
        if ($field === '*') {
            foreach ($value as $key => $element) {
                check("$name.$key", $element, $part);
            }
        } elseif (!array_key_exists($field, $value)) {
            fail("$name.$field is missing");
        } else {
            check("$name.$field", $value[$field], $part);
        }
    }
}

function check_answer(string $kind, string $json): array
{
    $answer = json_decode($json, true);
    check($kind, $answer, SHAPES[$kind]);

    return $answer;
}

function call(string $method, string $url, ?array $body = null): string
{
    $headers = ['Accept: application/json', 'Connection: close'];
    $http = ['method' => $method, 'ignore_errors' => true, 'timeout' => 30];
    if ($body !== null) {
        $headers[] = 'Content-Type: application/json';
        $http['content'] = json_encode($body);
    }

    $answer = file_get_contents($url, false, stream_context_create(['http' => $http + ['header' => $headers]]));
    if ($answer === false || !str_contains($http_response_header[0], ' 200 ')) {
        fail("$method $url: ".($http_response_header[0] ?? 'no answer').' '.$answer);
    }

    echo "$method ".preg_replace('#^.*/#', '', $url)."\n";

    return $answer;
}

function session(string $url, string $key, string $folder): void
{
    $site = "$url/announce/$key";
    $hash = '0123456789abcdef0123456789abcdef01234567';
    $passkey = md5('first');
    $torrent = [
        'id' => 5, 'status' => 1, 'info_hash' => $hash, 'is_deleted' => false, 'seeders' => 3, 'leechers' => 1, 'times_completed' => 7, 'download_factor' => 50, 'upload_factor' => 200,
    ];
    $user = [
        'id' => 7, 'group_id' => 3, 'passkey' => $passkey, 'can_download' => true, 'is_donor' => true, 'is_lifetime' => false, 'num_seeding' => 0, 'num_leeching' => 0,
    ];

    if (call('GET', "$url/announce/health/ping") !== 'PONG') {
        fail('health/ping does not answer PONG');
    }

    call('PUT', "$site/groups", ['id' => 3, 'slug' => 'member', 'download_slots' => null, 'is_immune' => false, 'is_freeleech' => false, 'is_double_upload' => false]);
    call('PUT', "$site/groups", ['id' => 4, 'slug' => 'leech', 'download_slots' => 2, 'is_immune' => true, 'is_freeleech' => true, 'is_double_upload' => true]);
    call('PUT', "$site/users", $user);
    call('PUT', "$site/torrents", $torrent);
    call('PUT', "$site/freeleech-tokens", ['user_id' => 7, 'torrent_id' => 5]);
    call('DELETE', "$site/freeleech-tokens", ['user_id' => 7, 'torrent_id' => 5]);
    call('PUT', "$site/personal-freeleech", ['user_id' => 7]);
    call('DELETE', "$site/personal-freeleech", ['user_id' => 7]);
    call('PUT', "$site/featured-torrents", ['torrent_id' => 5]);
    call('DELETE', "$site/featured-torrents", ['torrent_id' => 5]);
    call('PUT', "$site/blacklisted-agents", ['peer_id_prefix' => '-BAD1']);
    call('DELETE', "$site/blacklisted-agents", ['peer_id_prefix' => '-BAD1']);
    call('PUT', "$site/blacklisted-agents", ['peer_id_prefix' => [45, 66, 65, 68, 50]]);
    call('DELETE', "$site/blacklisted-agents", ['peer_id_prefix' => [45, 66, 65, 68, 50]]);
    call('POST', "$site/config/reload");

    // A seeder and a leecher of the member, and one that is nobody's.
    $announced = rawurlencode(hex2bin($hash));
    call('GET', "$url/announce/$passkey?info_hash=$announced&peer_id=-XX0001-000000000001&port=6881&uploaded=10&downloaded=20&left=0&event=started");
    call('GET', "$url/announce/$passkey?info_hash=$announced&peer_id=-XX0001-000000000002&port=6882&uploaded=0&downloaded=0&left=9&event=started");
    call('GET', "$url/announce?info_hash=$announced&peer_id=-XX0001-000000000003&port=6883&uploaded=0&downloaded=0&left=9&event=started");

    $answers = ['torrent' => call('GET', "$site/torrents/5"), 'user' => call('GET', "$site/users/7"), 'stats' => call('GET', "$site/stats")];
    foreach ($answers as $kind => $answer) {
        check_answer($kind, $answer);
        file_put_contents("$folder/$kind.json", $answer);
    }

    $read = json_decode($answers['torrent'], true);
    if (count($read['peers']) !== 3) {
        fail('torrent.peers are not the three that announced');
    }

    // A new passkey: taken out, and in again; and with both in one call.
    $user['passkey'] = md5('second');
    call('DELETE', "$site/users", ['id' => 7, 'passkey' => $passkey]);
    call('PUT', "$site/users", $user);
    call('PUT', "$site/users", ['new_passkey' => md5('third')] + $user);
    if (check_answer('user', call('GET', "$site/users/7"))['passkey'] !== md5('third')) {
        fail('user.passkey is not the new one');
    }

    call('DELETE', "$site/users", ['id' => 7, 'passkey' => md5('third')]);
    call('DELETE', "$site/torrents", ['id' => 5, 'info_hash' => $hash]);
    if (check_answer('torrent', call('GET', "$site/torrents/5"))['is_deleted'] !== true) {
        fail('torrent.is_deleted is not true');
    }

    call('DELETE', "$site/groups", ['id' => 4]);
}

match ($argv[1]) {
    'session' => session($argv[2], $argv[3], $argv[4]),
    'check' => check_answer($argv[2], file_get_contents($argv[3])),
};
