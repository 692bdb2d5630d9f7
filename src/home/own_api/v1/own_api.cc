#include "own_api/v1/own_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "api/message/headers.h"
#include "api/message/params.h"
#include "api/message/tagged_text.h"
#include "catalog/language.h"
#include "catalog/readable_values.h"
#include "http/head.h"
#include "hub/platform/credentials.h"
#include "overview/overview.h"
#include "own_api/bodies/bridges.h"
#include "own_api/bodies/commands.h"
#include "own_api/bodies/energy.h"
#include "own_api/bodies/evcc.h"
#include "own_api/bodies/events.h"
#include "own_api/bodies/family.h"
#include "own_api/bodies/home.h"
#include "own_api/bodies/operations.h"
#include "own_api/bodies/people.h"
#include "own_api/bodies/series.h"
#include "own_api/home/home_json.h"
#include "own_api/home/home_metrics.h"
#include "own_api/v1/device_list.h"
#include "own_api/v1/own_queries.h"
#include "wire/signing.h"

namespace gridloom::api {
namespace {

using registry::Rights;
using registry::Scope;
using schema::body_of;

// The end of a device's text, in the place of which its presence is put.
constexpr std::string_view kPresence = "false}";

// The parts of the path that stand for the braces of the form, of which there are two at most;
// nothing: the path has another form.
std::optional<std::array<std::string_view, 2>> match(std::string_view form, std::string_view path) {
  std::array<std::string_view, 2> named;
  for (std::size_t next = 0; form.contains('{'); ++next) {
    const std::size_t hole = form.find('{');
    if (!path.starts_with(form.substr(0, hole))) return std::nullopt;
    path.remove_prefix(hole);
    form.remove_prefix(form.find('}') + 1);
    named.at(next) = path.substr(0, path.find('/'));
    if (named.at(next).empty()) return std::nullopt;
    path.remove_prefix(named.at(next).size());
  }
  return form == path ? std::optional(named) : std::nullopt;
}

// The faults in the values of a device, which are only searched if there are any.
std::vector<overview::ActiveError> errors_in(std::string_view values, const catalog::Family& family,
                                             const home::FaultTimes& since) {
  if (since.empty()) return {};
  const auto all = wire::parse_json(values, {.bytes = values.size(), .keys = values.size()});
  if (!all || !all->is_object()) return {};
  const auto flat = catalog::flat_values(family, all->get_object());
  return overview::overview_of(family, flat).errors;
}

hub::RequestOrigin origin_of(const Caller& caller, const http::Request& request) {
  return {.by = caller.token != nullptr     ? hub::by_token(caller.token->number)
                : caller.session != nullptr ? hub::by_session(caller.session->number)
                                            : hub::by_key(request.headers[header::kAccessKey]),
          .from = request.peer};
}

// The text is the same for everybody, so a client that has it need not get it again.
void answer(OwnApi::Call call, const FamilyTexts::Text& text) {
  http::Response response = call.form.success_shared(text.json);
  if (call.form.is_plain()) {
    add_tag(response, text, call.request.headers[header::kIfNoneMatch], "private, no-cache");
  }
  call.done(std::move(response));
}

}  // namespace

struct OwnApi::Table {
  static constexpr std::array kRoutes = {
      Route{.path = "/api/v1/me",
            .id = "whoAmI",
            .summary = "The account that asks, and what its token may do.",
            .answer = &body_of<body::Me>,
            .keeping = Keeping::kSecret,  // csrf
            .handler = &OwnApi::me},
      Route{.path = "/api/v1/session",
            .id = "whoIsSignedIn",
            .summary = "As /api/v1/me; nobody is no error, but an answer without content.",
            .answer = &body_of<body::Me>,
            .access = Access::kVisitors,
            .keeping = Keeping::kSecret,
            .handler = &OwnApi::me},
      Route{.method = http::Method::kPost,
            .path = "/api/v1/session",
            .id = "signIn",
            .summary = "Signs a browser in, by a one-time link or a password: sets a cookie.",
            .body = &body_of<body::SignIn>,
            .answer = &body_of<body::Me>,
            .access = Access::kEverybody,
            .handler = &OwnApi::sign_in},
      Route{.method = http::Method::kDelete,
            .path = "/api/v1/session",
            .id = "signOut",
            .summary = "Ends the browser's session.",
            .access = Access::kSignedInPeople,
            .handler = &OwnApi::sign_out},
      Route{.path = "/api/v1/sessions",
            .id = "listSessions",
            .summary = "The account's browser sessions.",
            .answer = &body_of<body::Sessions>,
            .access = Access::kSignedInPeople,
            .for_session = &SessionApi::list},
      Route{.method = http::Method::kDelete,
            .path = "/api/v1/sessions/{session}",
            .id = "endSession",
            .summary = "Ends a browser session of the account.",
            .access = Access::kSignedInPeople,
            .for_session = &SessionApi::end},
      Route{.method = http::Method::kPut,
            .path = "/api/v1/me/password",
            .id = "setPassword",
            .summary = "Sets the account's password, and ends its other browser sessions.",
            .body = &body_of<body::NewPassword>,
            .access = Access::kSignedInPeople,
            .handler = &OwnApi::set_password},
      Route{.path = "/api/v1/tokens",
            .id = "listTokens",
            .summary = "The account's tokens of programs and cards, without their texts.",
            .answer = &body_of<body::Tokens>,
            .access = Access::kSignedInPeople,
            .for_session = &SessionApi::tokens},
      Route{.method = http::Method::kDelete,
            .path = "/api/v1/tokens/{token}",
            .id = "removeToken",
            .summary = "Removes a token of the account; it ends at once.",
            .access = Access::kSignedInPeople,
            .for_session = &SessionApi::remove_token},
      Route{.path = "/api/v1/shares",
            .id = "listShares",
            .summary = "Devices that the account shares with others, and others with it.",
            .answer = &body_of<body::Shares>,
            .access = Access::kSignedInPeople,
            .for_session = &SessionApi::shares},
      Route{.path = "/api/v1/bridges",
            .id = "listBridges",
            .summary = "Ways between the account's devices and other systems, and how they are.",
            .answer = &body_of<body::Bridges>,
            .handler = &OwnApi::bridges},
      Route{.path = "/api/v1/home",
            .scope = Scope::kCard,
            .id = "getHome",
            .summary = "Where the home's power comes from and goes to, today's energies, each "
                       "device in a few figures.",
            .query = kLanguageQuery,
            .answer = &body_of<body::HomeBody>,
            .handler = &OwnApi::home},
      Route{.path = "/api/v1/devices",
            .id = "listDevices",
            .summary = "The account's own devices, then those shared with it.",
            .query = kDeviceQuery,
            .answer = &body_of<body::Devices>,
            .handler = &OwnApi::devices},
      Route{.path = "/api/v1/devices/{sn}",
            .id = "getDevice",
            .summary = "A device with all its values, as it last reported them.",
            .query = kLanguageQuery,
            .answer = &body_of<body::DeviceState>,
            .handler = &OwnApi::device},
      Route{.path = "/api/v1/families",
            .id = "listFamilies",
            .summary = "The device families that this server knows.",
            .query = kLanguageQuery,
            .answer = &body_of<body::Families>,
            .keeping = Keeping::kTagged,
            .handler = &OwnApi::families},
      Route{.path = "/api/v1/families/{family}",
            .id = "getFamily",
            .summary = "A family: its fields with units and named values, and its commands.",
            .query = kLanguageQuery,
            .answer = &body_of<body::Family>,
            .keeping = Keeping::kTagged,
            .handler = &OwnApi::family},
      Route{.path = "/api/v1/devices/{sn}/energy",
            .id = "getEnergy",
            .summary = "Energies of a device by hour, day, week, month or year.",
            .query = kEnergyQuery,
            .answer = &body_of<body::Energy>,
            .handler = &OwnApi::energy},
      Route{.path = "/api/v1/home/energy",
            .id = "getHomeEnergy",
            .summary = "Energies of the home, of all devices together, by hour, day or month.",
            .query = kEnergyQuery,
            .answer = &body_of<body::HomeEnergy>,
            .handler = &OwnApi::home_energy},
      Route{.path = "/api/v1/devices/{sn}/history",
            .id = "getHistory",
            .summary = "Past values of fields of a device.",
            .query = kHistoryQuery,
            .answer = &body_of<body::History>,
            .handler = &OwnApi::history},
      Route{.path = "/api/v1/home/series",
            .id = "getHomeSeries",
            .summary = "Powers of the home's sun, battery, grid and use over time, and its charge.",
            .query = kHomeSeriesQuery,
            .answer = &body_of<body::HomeSeries>,
            .handler = &OwnApi::home_series},
      Route{.path = "/api/v1/evcc",
            .id = "getEvcc",
            .summary = "Grid, solar power and batteries as evcc's custom meters name them.",
            .answer = &body_of<body::Evcc>,
            .for_consumer = &ConsumerApi::evcc},
      Route{.method = http::Method::kPost,
            .path = "/api/v1/evcc/batterymode",
            .scope = Scope::kControl,
            .id = "setBatteryMode",
            .summary = "Brings batteries into a mode of evcc's for a minute.",
            .body = &body_of<body::NewBatteryMode>,
            .answer = &body_of<body::BatteryModes>,
            .for_consumer = &ConsumerApi::battery_mode},
      Route{.path = wire::kHomeMetrics,
            .id = "getHomeMetrics",
            .summary = "Values and energy counters of devices as metrics, for Prometheus.",
            .query = kMetricsQuery,
            .text_types = HomeMetrics::kContentTypes,
            .for_consumer = &ConsumerApi::metrics},
      Route{.path = "/api/v1/devices/{sn}/events",
            .id = "listDeviceEvents",
            .summary = "Faults, presence and sets of a device, the newest first.",
            .query = kEventQuery,
            .answer = &body_of<body::EventPage>,
            .handler = &OwnApi::device_events},
      Route{.path = "/api/v1/events",
            .id = "listEvents",
            .summary = "Faults, presence and sets of all devices that the account may read, the "
                       "newest first.",
            .query = kEventQuery,
            .answer = &body_of<body::EventPage>,
            .handler = &OwnApi::events},
      Route{.method = http::Method::kPost,
            .path = "/api/v1/devices/{sn}/commands",
            .scope = Scope::kControl,
            .id = "sendCommand",
            .summary = "Sends a command to a device, once for an id, and answers with its reply.",
            .body = &body_of<body::Command>,
            .answer = &body_of<body::CommandStatus>,
            .handler = &OwnApi::command},
      Route{.path = "/api/v1/devices/{sn}/commands",
            .id = "listCommands",
            .summary = "The commands that the account has sent to a device during the last hour.",
            .answer = &body_of<body::CommandList>,
            .handler = &OwnApi::commands},
      Route{.path = "/api/v1/devices/{sn}/commands/{command}",
            .id = "getCommand",
            .summary = "What became of a command: whether it was answered, and done.",
            .query = kCommandQuery,
            .answer = &body_of<body::CommandStatus>,
            .handler = &OwnApi::command_status},
      Route{.path = "/api/v1/admin/operations",
            .scope = Scope::kAdmin,
            .id = "listOperations",
            .summary = "The operations of administration, with their parameters and limits.",
            .answer = &body_of<body::Operations>,
            .handler = &OwnApi::operations},
      Route{.method = http::Method::kPost,
            .path = "/api/v1/admin/{operation}",
            .scope = Scope::kAdmin,
            .id = "runOperation",
            .summary = "Carries out an operation of administration.",
            .body = &body_of<body::OperationParameters>,
            .answer = &body_of<body::OperationAnswer>,
            .handler = &OwnApi::run_operation},
  };
};

std::span<const OwnApi::Route> OwnApi::routes() { return Table::kRoutes; }

bool may_compress(const OwnApi::Route& route) {
  return route.method == http::Method::kGet && route.access == Access::kCallers &&
         route.scope != Scope::kAdmin && route.keeping != Keeping::kSecret;
}

Result<OwnApi::Found> OwnApi::find(http::Method method, std::string_view path) {
  if (method == http::Method::kHead) method = http::Method::kGet;
  std::string others;
  for (const Route& route : routes()) {
    const auto named = match(route.path, path);
    if (!named) continue;
    if (route.method == method) {
      return Found{.route = &route, .named = named->front(), .inner = named->back()};
    }
    if (!others.empty()) others += ", ";
    others += route.method == http::Method::kGet ? "GET, HEAD" : name_of(route.method);
  }
  if (!others.empty()) return fail(ErrorCode::kConflict, std::move(others));
  return fail(ErrorCode::kNotFound, fmt::format("there is nothing at {}", shown(path)));
}

namespace {

HistoryApi::Call history_call(OwnApi::Call call) {
  const auto waiting = call.request.waiting.lock();
  return {.params = std::move(call.params),
          .account = call.caller.account,
          .form = call.form,
          .gone = waiting ? waiting->gone() : std::stop_token(),
          .done = std::move(call.done)};
}

CommandApi::Call command_call(OwnApi::Call& call) {
  return {.account = call.caller.account,
          .sn = std::move(call.named),
          .id = std::move(call.inner),
          .params = std::move(call.params),
          .form = call.form,
          .done = std::move(call.done)};
}

ConsumerApi::Call consumer_call(OwnApi::Call& call) {
  return {.account = call.caller.account,
          .params = std::move(call.params),
          .body = std::move(call.body),
          .accept = std::string(call.request.headers[header::kAccept]),
          .origin = origin_of(call.caller, call.request),
          .form = call.form,
          .done = std::move(call.done)};
}

SessionApi::Call session_call(OwnApi::Call& call) {
  return {.session = *call.caller.session,
          .csrf = std::move(call.caller.csrf),
          .peer = call.request.peer,
          .named = std::move(call.named),
          .form = call.form,
          .done = std::move(call.done)};
}

}  // namespace

void OwnApi::handle(const Route& route, Call call) const {
  if (route.access == Access::kSignedInPeople && call.caller.session == nullptr) {
    return call.done(
        call.form.failure({.code = ErrorCode::kNoPermission,
                           .detail = fmt::format("{} {} is for a browser that is signed in",
                                                 name_of(route.method), route.path)}));
  }
  if (!registry::permits(call.caller.scope, route.scope)) {
    return call.done(
        call.form.failure({.code = ErrorCode::kNoPermission,
                           .detail = fmt::format("the token's scope is {}: {} {} asks for {}",
                                                 name_of(call.caller.scope), name_of(route.method),
                                                 route.path, name_of(route.scope))}));
  }
  const std::string name = fmt::format("{} {}", name_of(route.method), route.path);
  Status names = check_names(call.params, route.query, name);
  if (names && route.body != nullptr) names = check_names(call.body, route.body());
  if (!names) return call.done(call.form.failure(names.error()));
  if (route.for_session != nullptr) {
    return (sessions_.*route.for_session)(session_call(call));
  }
  if (route.for_consumer != nullptr) {
    return (consumers_.*route.for_consumer)(consumer_call(call));
  }
  (this->*route.handler)(std::move(call));
}

void OwnApi::me(Call call) const {
  const auto directory = services_.hub.platform().registry.directory();
  const registry::Account* account = directory->find_account(call.caller.account);
  if (account == nullptr) {
    return call.done(call.form.failure({.code = ErrorCode::kUnknownKey, .detail = {}}));
  }
  if (call.caller.session != nullptr) {
    return call.done(
        call.form.success(schema::to_text(sessions_.facts(*account, call.caller.csrf))));
  }
  body::Me answer{.account = account->name, .scope = call.caller.scope};
  if (const registry::Token* token = call.caller.token) {
    body::TokenFacts& facts =
        answer.token.emplace(body::TokenFacts{.number = token->number, .name = token->name});
    if (token->expires_ms != 0) facts.expires_at_ms = token->expires_ms;
  }
  call.done(call.form.success(schema::to_text(answer)));
}

void OwnApi::home(Call call) const {
  const auto language = language_in(call.params);
  if (!language) return call.done(call.form.failure(language.error()));
  services_.home.homes().get(
      call.caller.account,
      {.loop = &loop_,
       .done = [form = call.form, language = *language, card = card_of(call.caller.token),
                done = std::move(call.done)](const Result<home::HomeFeed::Home>& home) mutable {
         if (!home) return done(form.failure(home.error()));
         const SharedText& whole = home->in(language);
         done(card ? form.success(card_text(card_members(whole, *card), home->now_ms))
                   : form.success_shared(whole));
       }});
}

OwnApi::OwnApi(const Services& services, Loop& loop)
    : services_(services),
      loop_(loop),
      history_(services, loop),
      sessions_(services, loop),
      admin_({.loop = &loop, .administration = services.administration}),
      commands_(services, loop),
      consumers_(services, loop),
      families_(std::make_unique<FamilyTexts>(services.hub.platform().catalog)),
      device_rows_(std::make_unique<DeviceRows>([this](const registry::Directory& directory,
                                                       registry::AccountId account) {
        std::vector<DeviceRow> rows;
        for (const auto& list : {directory.devices_of(account), directory.shared_with(account)}) {
          for (const registry::Device* device : list) {
            std::string row = schema::to_text(description(directory, *device, account));
            row.resize(row.size() - kPresence.size());
            const catalog::FamilyPtr& family =
                services_.hub.platform().catalog->of_serial(device->sn);
            rows.push_back({.sn = device->sn,
                            .before = std::move(row),
                            .after = "}",
                            .family = family->id,
                            .search = search_text(
                                {device->sn, device->name,
                                 services_.hub.platform().catalog->product_name(device->sn)})});
          }
        }
        return rows;
      })) {}

body::DeviceBody OwnApi::description(const registry::Directory& directory,
                                     const registry::Device& device,
                                     registry::AccountId account) const {
  const catalog::Catalog& catalog = *services_.hub.platform().catalog;
  const catalog::FamilyPtr& family = catalog.of_serial(device.sn);
  const catalog::Product* product = catalog.product_of(device.sn);
  const registry::Account* owner = directory.find_account(device.owner);
  return {.sn = device.sn,
          .name = device.name,
          .family = family->id,
          .product = catalog.product_name(device.sn),
          .unserved = product != nullptr && family->passthrough ? product->unserved : std::nullopt,
          .owner = owner == nullptr ? std::string_view() : std::string_view(owner->name),
          .rights = registry::Directory::rights(account, device)};
}

void OwnApi::devices(Call call) const {
  auto choice = parse_device_choice(call.params, *services_.hub.platform().catalog);
  if (!choice) return call.done(call.form.failure(choice.error()));
  const registry::AccountId account = call.caller.account;
  if (choice->states.empty()) {
    return list_devices({.hub = services_.hub, .rows = *device_rows_, .account = account}, *choice,
                        nullptr, call.form, std::move(call.done));
  }
  services_.home.homes().get(
      account,
      {.loop = &loop_,
       .done = [this, choice = std::move(*choice), account, form = call.form,
                done = std::move(call.done)](const Result<home::HomeFeed::Home>& home) mutable {
         if (!home) return done(form.failure(home.error()));
         list_devices({.hub = services_.hub, .rows = *device_rows_, .account = account}, choice,
                      home->states.get(), form, std::move(done));
       }});
}

void OwnApi::device(Call call) const {
  const auto language = language_in(call.params);
  if (!language) return call.done(call.form.failure(language.error()));
  const auto directory = services_.hub.platform().registry.directory();
  const registry::AccountId account = call.caller.account;
  const auto device = hub::permitted_device(*directory, account, call.named, Rights::kMonitor);
  if (!device) return call.done(call.form.failure(device.error()));
  body::DeviceState state{description(*directory, **device, account)};
  state.online = services_.hub.online(account, (*device)->sn);
  home::FaultTimes since = services_.home.events().active_faults((*device)->sn);
  const catalog::Catalog& catalog = *services_.hub.platform().catalog;
  const catalog::FamilyPtr family =
      catalog.in_language(catalog.of_serial((*device)->sn), *language);
  services_.hub.read_all(
      account, {.sn = std::move(call.named), .values = hub::ReadAll::Of::kReported},
      {.loop = &loop_,
       // The directory keeps what `state` has views of.
       .done = [state = std::move(state), directory, form = call.form, since = std::move(since),
                family, done = std::move(call.done)](Result<hub::DeviceAnswer> answer) mutable {
         if (!answer) return done(form.failure(answer.error()));
         if (answer->last_report) state.reported_at_ms = unix_ms(*answer->last_report);
         const auto errors = errors_in(answer->text, *family, since);
         state.faults = faults_of(errors, since);
         state.values = {.text = answer->text};
         done(form.success(schema::to_text(state)));
       }});
}

void OwnApi::families(Call call) const {
  const auto language = language_in(call.params);
  if (!language) return call.done(call.form.failure(language.error()));
  answer(std::move(call), families_->all(*language));
}

void OwnApi::family(Call call) const {
  const auto language = language_in(call.params);
  if (!language) return call.done(call.form.failure(language.error()));
  const FamilyTexts::Text* text = families_->of(call.named, *language);
  if (text == nullptr) {
    return call.done(call.form.failure(
        {.code = ErrorCode::kNotFound,
         .detail = fmt::format("there is no family {}; GET /api/v1/families lists them",
                               shown(call.named))}));
  }
  answer(std::move(call), *text);
}

void OwnApi::sign_in(Call call) const {
  sessions_.sign_in(call.request, call.body, call.form, std::move(call.done));
}

void OwnApi::sign_out(Call call) const {
  sessions_.sign_out(session_call(call), call.request.secure);
}

void OwnApi::set_password(Call call) const {
  sessions_.set_password(session_call(call), call.body);
}

void OwnApi::energy(Call call) const {
  const std::string sn = call.named;
  history_.energy(sn, history_call(std::move(call)));
}

void OwnApi::home_energy(Call call) const { history_.home_energy(history_call(std::move(call))); }

void OwnApi::home_series(Call call) const { history_.home_series(history_call(std::move(call))); }

void OwnApi::history(Call call) const {
  const std::string sn = call.named;
  history_.series(sn, history_call(std::move(call)));
}

void OwnApi::device_events(Call call) const {
  const std::string sn = call.named;
  history_.events(sn, history_call(std::move(call)));
}

void OwnApi::events(Call call) const { history_.events({}, history_call(std::move(call))); }

void OwnApi::command(Call call) const {
  hub::RequestOrigin origin = origin_of(call.caller, call.request);
  call.inner = call.request.headers[header::kIdempotencyKey];
  wire::JsonObject message = std::move(call.body);
  commands_.send(command_call(call), std::move(message), std::move(origin));
}

void OwnApi::commands(Call call) const { commands_.list(command_call(call)); }

void OwnApi::command_status(Call call) const { commands_.status(command_call(call)); }

void OwnApi::bridges(Call call) const {
  body::Bridges answer;
  if (services_.bridges) answer.bridges = services_.bridges(call.caller.account);
  call.done(call.form.success(schema::to_text(answer)));
}

void OwnApi::operations(Call call) const { admin_.list(call.form, std::move(call.done)); }

// Only a token has the scope admin.
void OwnApi::run_operation(Call call) const {
  const registry::Token& token = *call.caller.token;
  admin_.run({.operation = std::move(call.named),
              .parameters = std::move(call.body),
              .who = administrator_name(token),
              .by = hub::by_token(token.number),
              .from = call.request.peer},
             call.form, std::move(call.done));
}

}  // namespace gridloom::api
