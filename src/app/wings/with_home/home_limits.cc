#include "with_home/home_limits.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "app/limits.h"

namespace gridloom::app {
namespace {

constexpr std::int64_t kMany = 10'000'000;
constexpr std::int64_t kKilobyte = 1024;
constexpr std::int64_t kGigabyte = std::int64_t{1024} * 1024 * 1024;

constexpr auto kLimits = std::to_array<Limit>({
    {"http.metrics-fields", "series", 0, kMany,
     "Series of fields in one answer of /metrics/home; the fields of further devices are left out, "
     "and gridloom_home_left_out_devices counts them",
     [](Limits& l) -> LimitField { return &l.home->metrics_fields; }},
    {"live.subscriptions", "subscriptions", 1, kMany,
     "Subscriptions of one client of the live stream; a further one is refused",
     [](Limits& l) -> LimitField { return &l.home->live.subscriptions; }},
    {"live.clients-per-account", "clients", 1, kMany,
     "Clients of the live stream that the browsers of one account have, as many again its cards, "
     "and its other tokens; a token has a quarter at most; else 429",
     [](Limits& l) -> LimitField { return &l.home->live.clients_per_account; }},
    {"live.all-clients", "clients", 1, kMany,
     "Clients of the live stream of all accounts, in addition to 4 that the browsers, the cards "
     "and "
     "the other tokens of each account have of their own, and 1 of each token; else 429",
     [](Limits& l) -> LimitField { return &l.home->live.all_clients; }},
    {"live.subscriptions-per-account", "subscriptions", 1, kMany,
     "Subscriptions to the live stream that the browsers of one account have, as many again its "
     "cards, and its other tokens; a token has a quarter at most; a further one is refused",
     [](Limits& l) -> LimitField { return &l.home->live.subscriptions_per_account; }},
    {"live.all-subscriptions", "subscriptions", 1, kMany,
     "Subscriptions to the live stream of all accounts, in addition to 256 that the browsers, the "
     "cards and the other tokens of each account have of their own, and 64 of each token; a "
     "further "
     "one is refused",
     [](Limits& l) -> LimitField { return &l.home->live.all_subscriptions; }},
    {"live.field-bytes-per-account", "bytes", kKilobyte, kGigabyte,
     "Bytes of the field names in the subscriptions of the browsers of one account, as many again "
     "of its cards, and of its other tokens, of which one has a quarter at most; each list is "
     "counted as 256 and each name as 32 and twice its text; equal lists of an account count once; "
     "else the subscription is refused",
     [](Limits& l) -> LimitField { return &l.home->live.field_bytes_per_account; }},
    {"live.all-field-bytes", "bytes", kKilobyte, 64 * kGigabyte,
     "Bytes of the field names in the subscriptions of all accounts, in addition to 16 KB that "
     "the browsers, the cards and the other tokens of each account have of their own, and 4 KB of "
     "each token; else the subscription is refused",
     [](Limits& l) -> LimitField { return &l.home->live.all_field_bytes; }},
    {"live.kernel-bytes", "bytes", 4 * kKilobyte, kGigabyte,
     "Bytes of output that the kernel keeps for one client of the live stream until the client "
     "has them (SO_SNDBUF)",
     [](Limits& l) -> LimitField { return &l.server.listeners.kernel_output_bytes; }},
    {"live.devices", "devices", 1, kMany,
     "Devices that the clients of the live stream of all accounts watch at once, in addition to 64 "
     "that the browsers, the cards and the other tokens of each account have of their own, and 8 "
     "of "
     "each token; a device counts once for each account that watches it; a subscription to a "
     "further "
     "one is refused",
     [](Limits& l) -> LimitField { return &l.home->live.devices; }},
});

}  // namespace

std::span<const Limit> limits_of_home() { return kLimits; }
std::shared_ptr<HomeLimits> default_limits_of_home() { return std::make_shared<HomeLimits>(); }

}  // namespace gridloom::app
