#include "bridges/bridges.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>
#include <utility>

#include "bridges/kinds.h"
#include "hub/platform.h"
#include "parameters/arguments.h"

namespace gridloom::bridges {
namespace {

using parameters::Arguments;
using wire::Json;
using wire::JsonObject;

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

Result<JsonObject> object_in(const Secret& settings) {
  auto parsed = wire::parse_json(settings.reveal());
  if (!parsed) return std::unexpected(parsed.error());
  if (!parsed->is_object()) return fail(ErrorCode::kMalformed, "settings are no object");
  return std::move(parsed->get_object());
}

}  // namespace

std::string_view name_of(Origin origin) {
  return origin == Origin::kConfiguration ? "configuration" : "registry";
}

Bridges::Bridges(Options options)
    : options_(std::move(options)), loop_(std::make_unique<net::IoLoop>()), place_(options_.place) {
  if (!options_.states) options_.states = std::make_shared<FolderStates>(options_.data / "bridges");
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
          .states = options_.states.get()};
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
    for (auto& [name, running] : running_) end(running);
    ended.set_value();
  });
  ended.get_future().wait();
  loop_->stop();
}

bool Bridges::begin_thread() {
  if (!is_started_ || !place_) return false;
  if (!has_thread_) {
    if (wanted(*place_).empty()) return false;
    loop_->start();
    has_thread_ = true;
  }
  return true;
}

void Bridges::registry_changed() {
  const std::lock_guard lock(mutex_);
  if (begin_thread()) loop_->post([this] { update(); });
}

void Bridges::place(Place place) {
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

std::map<std::string, Bridges::Wanted, std::less<>> Bridges::wanted(const Place& place) const {
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
        {.account = each->account, .number = each->number, .is_on = each->is_on}, each->kind);
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
  Place place;
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
    end(running);
    if (found == all.end()) removed.push_back(name);
  }
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : removed) running_.erase(name);
  }
  for (auto& [name, running] : running_) {
    if (running.bridge) running.bridge->registry_changed();
  }
  for (auto& [name, wanted] : all) begin(name, std::move(wanted));
}

void Bridges::begin(const std::string& name, Wanted wanted) {
  auto health = std::make_shared<Health>(options_.wall, name);
  Running running{.as = std::move(wanted), .health = health, .bridge = nullptr};
  const Wanted& as = running.as;
  if (as.is_on && !as.runs) health->elsewhere();
  if (as.runs) {
    const auto arguments =
        Arguments::check({.name = as.kind->name, .declared = as.kind->settings}, as.settings);
    if (!arguments) return;  // wanted() has checked them
    health->connecting();
    running.bridge =
        as.kind->make(parts(),
                      {.name = name,
                       .account = as.account,
                       .health = health.get(),
                       .client_id = client_id_of(*options_.registry.directory(), as.account, name),
                       .number = as.number,
                       .folder = options_.data / "bridges" / name},
                      *arguments);
  }
  Bridge* const bridge = running.bridge.get();
  {
    const std::lock_guard lock(mutex_);
    running_.insert_or_assign(name, std::move(running));
  }
  if (bridge != nullptr) bridge->start();
}

void Bridges::end(Running& running) {
  if (!running.bridge) return;
  running.bridge->stop();
  running.bridge.reset();
  running.health->off();
}

void Bridges::tick() {
  for (auto& [name, running] : running_) {
    if (running.bridge) running.bridge->tick();
  }
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

Result<Json> Bridges::preview(const Kind& kind, registry::AccountId account,
                              const JsonObject& settings) const {
  const auto arguments = Arguments::check({.name = kind.name, .declared = kind.settings}, settings);
  if (!arguments) return std::unexpected(arguments.error());
  if (Status checked = kind.check(*arguments); !checked) return std::unexpected(checked.error());
  if (kind.preview == nullptr) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} cannot tell what it would send before it runs", kind.name));
  }
  return kind.preview(parts(), account, *arguments);
}

}  // namespace gridloom::bridges
