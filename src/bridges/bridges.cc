#include "bridges/bridges.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <utility>

#include "base/fatal_note.h"
#include "bridges/kinds.h"
#include "hub/platform/platform.h"
#include "parameters/arguments.h"
#include "time/iso_text.h"

namespace gridloom::bridges {
namespace {

using Steady = std::chrono::steady_clock;
using parameters::Arguments;
using wire::Json;
using wire::JsonObject;

constexpr const char* kThread = "bridges";
constexpr std::string_view kWaits =
    "one of several bridges has ended the program twice: this one begins once those before it have "
    "run for a minute";

std::string why_off(std::string_view name) {
  return fmt::format(
      "it has ended the program twice within a minute after its start, so it is off until "
      "`gridloom bridge on {}`",
      name);
}

// Bridges of two servers may have the same name, and brokers end a connection for another one with
// its client id. The account's name at brokers is random, and never changes.
std::string client_id_of(const registry::Directory& directory, registry::AccountId account,
                         std::string_view bridge) {
  constexpr std::string_view kPrefix = "open-";
  constexpr std::size_t kDigits = 8;
  const registry::Account* const found = directory.find_account(account);
  if (found == nullptr) return fmt::format("gridloom-{}", bridge);
  std::string_view random = found->certificate_account;
  if (random.starts_with(kPrefix)) random.remove_prefix(kPrefix.size());
  return fmt::format("gridloom-{}-{}", bridge, random.substr(0, kDigits));
}

std::vector<Secret> secrets_in(const BridgeKind& kind, const Arguments& settings) {
  std::vector<Secret> secrets;
  for (const parameters::Parameter& each : kind.settings) {
    if (each.type == parameters::Type::kSecret) secrets.emplace_back(settings.text(each.name));
  }
  return secrets;
}

Result<JsonObject> object_in(const Secret& settings) {
  GL_TRY(auto parsed, wire::parse_json(settings.reveal()));
  if (!parsed.is_object()) return fail(ErrorCode::kMalformed, "settings are no object");
  return std::move(parsed.get_object());
}

}  // namespace

std::string_view name_of(Origin origin) {
  return origin == Origin::kConfiguration ? "configuration" : "registry";
}

Bridges::Bridges(Options options)
    : options_(std::move(options)),
      loop_(std::make_unique<net::IoLoop>()),
      place_(options_.place),
      suspects_(options_.data) {
  if (!options_.states)
    options_.states = std::make_shared<storage::FolderStates>(options_.data / "bridges");
  loop_->on_sweep([this] { tick(); });
}

Bridges::~Bridges() { stop(); }

Parts Bridges::parts() const {
  return {.hub = options_.hub,
          .homes = options_.homes,
          .counters = options_.counters,
          .sets = options_.sets,
          .registry = options_.registry,
          .reads = options_.reads,
          .loop = *loop_,
          .states = options_.states.get(),
          .failures = options_.failures,
          .limits = options_.limits};
}

void Bridges::start() {
  {
    const std::lock_guard lock(mutex_);
    is_started_ = true;
  }
  registry_changed();
}

void Bridges::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(is_started_, false) || !has_thread_) return;
  }
  std::promise<void> ended;
  loop_->post([&] {
    for (auto& [name, running] : running_) end(name, running);
    suspects_.save();
    ended.set_value();
  });
  ended.get_future().wait();
  loop_->stop();
}

bool Bridges::begin_thread() {
  if (!is_started_ || !place_) return false;
  if (!has_thread_) {
    if (wanted(*place_).empty()) return false;
    if (!suspects_.watch(kThread)) {
      spdlog::warn("bridges: no file can be made in {}; one that ends the program begins again",
                   options_.data.string());
    }
    loop_->start();
    loop_->post([] { name_this_thread(kThread); });
    has_thread_ = true;
  }
  return true;
}

void Bridges::registry_changed() {
  const std::lock_guard lock(mutex_);
  if (begin_thread()) loop_->post([this] { update(); });
}

void Bridges::place(BridgesPlace place) {
  std::promise<void> updated;
  {
    const std::lock_guard lock(mutex_);
    if (place_ && place_->node == place.node && place_->is_here == place.is_here) return;
    place_ = std::move(place);
    if (place_->is_here) spdlog::info("the bridges of the cluster run at this node");
    if (!begin_thread()) return;
    loop_->post([&] {
      update();
      updated.set_value();
    });
  }
  updated.get_future().wait();
}

std::map<std::string, Bridges::Wanted, std::less<>> Bridges::wanted(
    const BridgesPlace& place) const {
  std::map<std::string, Wanted, std::less<>> all;
  const auto directory = options_.registry.directory();
  const auto add = [&](const std::string& name, const Secret& settings, Wanted wanted,
                       std::string_view kind_name) {
    const auto kind = find_kind(kind_name);
    auto object = object_in(settings);
    // A later version may have added it.
    if (!kind || !object || !check_settings(**kind, *object)) {
      spdlog::warn("bridge {}: this version of Gridloom cannot run it", name);
      return;
    }
    wanted.kind = *kind;
    wanted.settings = std::move(*object);
    wanted.settings_text = settings.reveal();
    wanted.runs = wanted.is_on && place.is_here;
    all.insert_or_assign(name, std::move(wanted));
  };
  for (const registry::Bridge* each : directory->bridges()) {
    add(each->name, each->settings,
        {.account = each->account,
         .number = each->number,
         .made_ms = each->made_ms,
         .is_on = each->is_on},
        each->kind);
  }
  for (const ConfiguredBridge& each : options_.configured) {
    const registry::Account* account = directory->find_account_by_name(each.account);
    if (account == nullptr) continue;  // once there is one
    add(each.name, each.settings, {.account = account->id, .origin = Origin::kConfiguration},
        each.kind);
  }
  return all;
}

void Bridges::update() {
  BridgesPlace place;
  {
    const std::lock_guard lock(mutex_);
    place = *place_;
  }
  auto all = wanted(place);
  // A bridge that ends is listed until it has.
  std::vector<std::string> removed;
  for (auto& [name, running] : running_) {
    const auto found = all.find(name);
    const Wanted& as = running.as;
    const bool is_same = found != all.end() && found->second.kind == as.kind &&
                         found->second.account == as.account && found->second.is_on == as.is_on &&
                         found->second.runs == as.runs &&
                         found->second.settings_text == as.settings_text;
    if (is_same) {
      all.erase(found);
      continue;
    }
    end(name, running);
    if (found == all.end()) removed.push_back(name);
  }
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : removed) running_.erase(name);
  }
  for (auto& [name, running] : running_) {
    if (running.bridge) running.bridge->registry_changed();
  }
  for (auto& [name, wanted] : all) add(name, std::move(wanted));
  begin_all();
}

void Bridges::add(const std::string& name, Wanted wanted) {
  Running running{.as = std::move(wanted), .health = std::make_shared<Health>(options_.wall, name)};
  if (running.as.is_on) {
    held_off_.erase(name);
    if (!running.as.runs) running.health->elsewhere();
  } else {
    suspects_.forgive(name);
    if (held_off_.contains(name)) running.health->error(why_off(name));
  }
  const std::lock_guard lock(mutex_);
  running_.insert_or_assign(name, std::move(running));
}

void Bridges::begin_all() {
  std::vector<std::string> may;
  for (auto& [name, running] : running_) {
    if (!running.as.runs || running.bridge || held_off_.contains(name)) continue;
    const Suspects::Verdict verdict = suspects_.of(name);
    if (verdict == Suspects::Verdict::kOff) {
      hold_off(name, running);
    } else if (verdict == Suspects::Verdict::kBegin) {
      suspects_.begin(name, Steady::now());
      may.push_back(name);
    } else if (!std::exchange(running.waits, true)) {
      running.health->failing(kWaits);
    }
  }
  suspects_.save();
  for (const std::string& name : may) begin(name, running_.at(name));
}

void Bridges::hold_off(const std::string& name, Running& running) {
  suspects_.found_out(name);
  held_off_.insert(name);
  running.health->failing(why_off(name));
  if (running.as.origin == Origin::kConfiguration) return;
  switching_off_ = std::jthread([&registry = options_.registry, name] {
    const Status off = registry.change_bridge({.name = name, .is_on = false});
    if (!off) spdlog::error("bridge {} cannot be switched off: {}", name, off.error().detail);
  });
}

void Bridges::forgive(std::string name) {
  const std::lock_guard lock(mutex_);
  if (!has_thread_) return;
  loop_->post([this, name = std::move(name)] {
    suspects_.forgive(name);
    held_off_.erase(name);
    begin_all();
  });
}

void Bridges::begin(const std::string& name, Running& running) {
  const Wanted& as = running.as;
  running.waits = false;
  const auto arguments =
      Arguments::check({.name = as.kind->name, .declared = as.kind->settings}, as.settings);
  if (!arguments) return;  // wanted() has checked them
  running.health->hide(secrets_in(*as.kind, *arguments));
  running.health->connecting();
  running.bridge =
      as.kind->make(parts(),
                    {.name = name,
                     .account = as.account,
                     .health = running.health.get(),
                     .client_id = client_id_of(*options_.registry.directory(), as.account, name),
                     .number = as.number,
                     .made_ms = as.made_ms,
                     .folder = options_.data / "bridges" / name},
                    *arguments);
  running.bridge->start();
}

void Bridges::end(const std::string& name, Running& running) {
  if (!running.bridge) return;
  suspects_.end(name);
  running.bridge->stop();
  running.bridge.reset();
  running.health->off();
}

void Bridges::tick() {
  bool any_waits = false;
  for (auto& [name, running] : running_) {
    if (running.bridge) running.bridge->tick();
    any_waits = any_waits || running.waits;
  }
  suspects_.tick(Steady::now());
  suspects_.save();
  if (any_waits) begin_all();
}

std::vector<BridgeRow> Bridges::rows() const {
  std::vector<BridgeRow> rows;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, running] : running_) {
    const Wanted& as = running.as;
    rows.push_back({.name = name,
                    .kind = std::string(as.kind->name),
                    .account = as.account,
                    .origin = as.origin,
                    .is_on = as.is_on,
                    .settings = shown_settings(*as.kind, as.settings),
                    .health = running.health->report(),
                    .node = place_->node});
  }
  return rows;
}

bool Bridges::is_configured(std::string_view name) const {
  return std::ranges::find(options_.configured, name, &ConfiguredBridge::name) !=
         options_.configured.end();
}

Result<Json> Bridges::preview(const BridgeKind& kind, registry::AccountId account,
                              const JsonObject& settings) const {
  GL_TRY(const auto arguments,
         Arguments::check({.name = kind.name, .declared = kind.settings}, settings));
  GL_TRY(kind.check(arguments));
  if (kind.preview == nullptr) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} cannot tell what it would send before it runs", kind.name));
  }
  return kind.preview(parts(), account, arguments);
}

wire::JsonObject row_json(const BridgeRow& row, const time::TimeZone& zone) {
  const HealthReport& health = row.health;
  wire::JsonObject object{{"name", row.name},
                          {"kind", row.kind},
                          {"on", row.is_on},
                          {"origin", name_of(row.origin)},
                          {"state", name_of(health.state)}};
  const auto add_time = [&](std::string_view name, const std::optional<TimePoint>& at) {
    if (at) object[name] = time::iso_text(unix_ms(*at), zone);
  };
  if (!row.node.empty()) object["node"] = row.node;
  add_time("since", health.since);
  add_time("lastMessage", health.last_message);
  object["in"] = health.messages_in;
  object["out"] = health.messages_out;
  object["dropped"] = health.dropped;
  object["errors"] = health.errors;
  if (!health.last_error.empty()) object["lastError"] = health.last_error;
  wire::JsonObject figures;
  for (const auto& [name, value] : health.figures) figures[name] = value;
  object["figures"] = std::move(figures);
  object["settings"] = row.settings;
  return object;
}

}  // namespace gridloom::bridges
