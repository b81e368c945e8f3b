"""Two sessions of libtorrent exchange a file.

Arguments: torrent file, a folder with the file, an empty folder, "4" or "46" (interfaces), the announce URLs of the one that
seeds joined by commas, those of the other. Prints "complete" when the file has arrived; then each line of the input,
"seeder" or "leecher", takes that one out of its swarm.
"""
import sys
import time

import libtorrent as lt

torrent, source, target, interfaces, seeder_urls, leecher_urls = sys.argv[1:]
sessions = {}


def start(name, folder, urls):
    listen = "127.0.0.1:0" + (",[::1]:0" if interfaces == "46" else "")
    session = lt.session({
        "listen_interfaces": listen, "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        # One connection between the two: what is sent over a second one before it is closed would be sent twice.
        "enable_incoming_utp": False, "enable_outgoing_utp": False, "enable_outgoing_tcp": name == "leecher", "connections_limit": 1,
        "announce_to_all_trackers": True, "announce_to_all_tiers": True, "alert_mask": lt.alert.category_t.all_categories,
    })
    params = lt.add_torrent_params()
    with open(torrent, "rb") as file:
        params.ti = lt.torrent_info({b"info": lt.bdecode(file.read())[b"info"]})  # Without the trackers in it.
    params.save_path = folder
    params.trackers = urls.split(",")
    params.tracker_tiers = list(range(len(params.trackers)))
    handle = session.add_torrent(params)
    sessions[name] = (session, handle)
    replies = 0
    while replies < len(params.trackers):
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.tracker_reply_alert):
                replies += 1
            elif isinstance(alert, lt.tracker_error_alert):
                print(alert.message(), file=sys.stderr, flush=True)
    return handle


start("seeder", source, seeder_urls)
leecher = start("leecher", target, leecher_urls)
while not leecher.status().is_seeding:
    time.sleep(0.05)


def told(endpoint):
    return all(hashes["complete_sent"] and not hashes["updating"] for hashes in endpoint["info_hashes"] if hashes["start_sent"])


# A client that leaves while its "completed" is under way says no good-bye to that tracker.
while not all(told(endpoint) for tracker in leecher.trackers() for endpoint in tracker["endpoints"]):
    time.sleep(0.05)
print("complete", flush=True)
for line in sys.stdin:
    session, handle = sessions[line.strip()]
    session.remove_torrent(handle)
