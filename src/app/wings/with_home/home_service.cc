// The part that homes have in a server: their limits, the files that they keep, and Gridloom's
// own interface to them as a service.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "app/limits.h"
#include "app/operations/backup.h"
#include "app/services.h"
#include "home/battery_modes.h"
#include "home/energy_counters.h"
#include "home/event_log.h"
#include "own_api/own_service.h"
#include "own_api/page/page.h"
#include "with_home/administration.h"

namespace gridloom::app {

struct HomeLimits {
  api::LiveLimits live{};
  std::size_t metrics_fields = api::kHomeMetricsFields;  // in one answer of /metrics/home
};

namespace {

constexpr std::int64_t kMany = 10'000'000;
constexpr std::int64_t kKilobyte = 1024;
constexpr std::int64_t kGigabyte = std::int64_t{1024} * 1024 * 1024;

constexpr auto kLimitsOfHome = std::to_array<Limit>({
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
     "and the other tokens of each account have of their own, and 1 of each token; else 429",
     [](Limits& l) -> LimitField { return &l.home->live.all_clients; }},
    {"live.subscriptions-per-account", "subscriptions", 1, kMany,
     "Subscriptions to the live stream that the browsers of one account have, as many again its "
     "cards, and its other tokens; a token has a quarter at most; a further one is refused",
     [](Limits& l) -> LimitField { return &l.home->live.subscriptions_per_account; }},
    {"live.all-subscriptions", "subscriptions", 1, kMany,
     "Subscriptions to the live stream of all accounts, in addition to 256 that the browsers, the "
     "cards and the other tokens of each account have of their own, and 64 of each token; a "
     "further one is refused",
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
     "of each token; a device counts once for each account that watches it; a subscription to a "
     "further one is refused",
     [](Limits& l) -> LimitField { return &l.home->live.devices; }},
});

}  // namespace

std::span<const Limit> limits_of_home() { return kLimitsOfHome; }
std::shared_ptr<HomeLimits> default_limits_of_home() { return std::make_shared<HomeLimits>(); }

namespace {

using Writes = home::EventLog::Writes;

Result<api::PageFiles> page_files(const ServeOptions& options) {
  if (options.web.empty()) return api::PageFiles();
  auto page = api::PageFiles::in_folder(options.web);
  if (!page) return fail(page.error().code, "--web: " + page.error().detail);
  return page;
}

Result<std::vector<std::string>> frame_origins(const ServeOptions& options) {
  std::vector<std::string> origins;
  for (const std::string& text : options.embed_origins) {
    auto origin = api::parse_origin(text);
    if (!origin) return fail(origin.error().code, "--embed-origin: " + origin.error().detail);
    origins.push_back(std::move(*origin));
  }
  return origins;
}

}  // namespace

Status check_page(const ServeOptions& options) {
  GL_TRY(frame_origins(options));
  GL_TRY(page_files(options));
  return {};
}

Status add_home_service(const ServicesAsked& asked, ServicesMade& made,
                        std::vector<server::MakeService>& all) {
  GL_TRY(auto page, page_files(asked.options));
  GL_TRY(auto origins, frame_origins(asked.options));
  auto administration = std::make_unique<ServerAdministration>();
  api::OwnService::Options own{.events = asked.is_door ? Writes::kNone : Writes::kAll,
                               .page = std::move(page),
                               .frame_origins = std::move(origins),
                               .live = asked.limits.home->live,
                               .metrics_fields = asked.limits.home->metrics_fields,
                               .administration = administration.get(),
                               .bridges = [&made](AccountId account) {
                                 return made.list_bridges ? made.list_bridges(account)
                                                          : std::vector<api::body::Bridge>();
                               }};
  made.administration = std::move(administration);
  all.emplace_back([own = std::move(own), &made](const server::ServiceParts& parts) mutable {
    auto service = std::make_unique<api::OwnService>(parts, std::move(own));
    made.own = service.get();
    return service;
  });
  return {};
}

std::vector<server::MakeService> homes_only(EventsOf of) {
  const Writes events = of == EventsOf::kAllDevices ? Writes::kAll : Writes::kOwn;
  std::vector<server::MakeService> all;
  all.emplace_back([events](const server::ServiceParts& parts) {
    return std::make_unique<api::OwnService>(parts, api::OwnService::Options{.events = events});
  });
  return all;
}

}  // namespace gridloom::app

namespace gridloom::operations {
namespace {

constexpr std::array kFilesOfHome = {
    FilesOfHome{.name = home::kCounterFiles, .is_folder = true, .check = home::check_counter_file},
    FilesOfHome{.name = home::kBatteryModeFile, .check = home::check_battery_mode_file},
};

}  // namespace

std::span<const FilesOfHome> files_of_home() { return kFilesOfHome; }

}  // namespace gridloom::operations
