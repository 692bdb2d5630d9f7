#include "home/counter_book.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/secret.h"

namespace gridloom::home {
namespace {

using history::EnergyFlow;
using history::kEnergyFlows;
using wire::Json;
using wire::JsonObject;

constexpr std::int64_t kVersion = 2;
constexpr std::int64_t kVersionWithoutBalance = 1;
constexpr double kPerWh = 1000;  // mWh

std::int64_t mwh_of(double wh) { return std::llround(wh * kPerWh); }
double wh_of(std::int64_t mwh) { return static_cast<double>(mwh) / kPerWh; }

// Whether the home's counters have a flow of a device.
bool counts_for_home(EnergyFlow flow, bool is_meter, bool is_metered) {
  if (flow == EnergyFlow::kGridIn) return is_meter || !is_metered;
  if (flow == EnergyFlow::kGridOut) return is_meter && is_metered;
  return true;
}

// The flows of a device that the home's counters have.
history::EnergySources counted_flows(std::span<const EnergyFlow> flows, bool is_meter,
                                     bool is_metered) {
  history::EnergySources counted;
  for (const EnergyFlow flow : flows) {
    if (counts_for_home(flow, is_meter, is_metered)) counted.flows.push_back(flow);
  }
  return counted;
}

// Reads an object that to_json() wrote, and remembers whether all of it was as it must be.
class In {
 public:
  explicit In(const Json& json) : object_(json.if_object()), good_(object_ != nullptr) {}

  [[nodiscard]] bool good() const { return good_; }
  const Json* of(std::string_view name) {
    const Json* found = object_ == nullptr ? nullptr : object_->if_contains(name);
    good_ = good_ && found != nullptr;
    return found;
  }
  std::int64_t integer(std::string_view name) {
    const Json* found = of(name);
    const std::int64_t* value = found == nullptr ? nullptr : found->if_int64();
    good_ = good_ && value != nullptr;
    return value == nullptr ? 0 : *value;
  }
  bool flag(std::string_view name) {
    const Json* found = of(name);
    const bool* value = found == nullptr ? nullptr : found->if_bool();
    good_ = good_ && value != nullptr;
    return value != nullptr && *value;
  }
  // Calls `take` with the name and the value of each member of an object, which may refuse.
  void each(std::string_view name, auto take) {
    const Json* found = of(name);
    const JsonObject* members = found == nullptr ? nullptr : found->if_object();
    good_ = good_ && members != nullptr;
    if (members == nullptr) return;
    for (const auto& member : *members) good_ = take(member.key(), member.value()) && good_;
  }

 private:
  const JsonObject* object_;
  bool good_;
};

std::optional<DeviceNumber> number_in(std::string_view text) {
  DeviceNumber number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <typename Counts>
JsonObject counts_json(const Counts& counts, const std::array<bool, kEnergyFlows>& which) {
  JsonObject json;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (which.at(i)) json[history::kEnergyFlowNames.at(i)] = counts.at(i);
  }
  return json;
}

template <typename Counts>
void counts_in(In& in, std::string_view name, Counts& counts,
               std::array<bool, kEnergyFlows>& which) {
  in.each(name, [&](std::string_view key, const Json& value) {
    const auto flow = history::energy_flow_of(key);
    if (!flow || !value.is_int64()) return false;
    which.at(static_cast<std::size_t>(*flow)) = true;
    counts.at(static_cast<std::size_t>(*flow)) = value.get_int64();
    return true;
  });
}

constexpr std::array<bool, kEnergyFlows> all_flows() {
  std::array<bool, kEnergyFlows> all{};
  all.fill(true);
  return all;
}

}  // namespace

CounterBook::CounterBook() : epoch_(random_hex(8)) {}

// --- devices

CounterBook::Span CounterBook::span_of(DeviceNumber device, std::int64_t now_hour,
                                       Past past) const {
  const std::int64_t split = std::max<std::int64_t>(now_hour - kPastHours, 0);
  const auto found = devices_.find(device);
  if (found == devices_.end()) {
    return {.is_whole = true, .split = split, .end = split + 1};
  }
  const Device& known = found->second;
  const std::int64_t off = split > known.split ? split - known.split : known.split - split;
  if (past == Past::kIfNeverRead || off < kSplitHours) {
    return {.split = known.split, .end = std::max(known.end, known.split + 1)};
  }
  return {.is_whole = true,
          .split = split,
          .before = known.split,
          .end = std::max({known.end, known.split + 1, split + 1})};
}

void CounterBook::take(DeviceNumber device, const Span& span, const Sums& sums) {
  Device& known = devices_[device];
  for (std::size_t i = 0; i < kEnergyFlows; ++i) {
    if (span.is_whole) {
      const std::int64_t before = span.before ? mwh_of(sums.below_before.wh.at(i)) : 0;
      known.lost.at(i) += std::max<std::int64_t>(known.past.at(i) - before, 0);
      known.past.at(i) = mwh_of(sums.below.wh.at(i));
    }
    known.is_known.at(i) = known.is_known.at(i) || sums.is_known.at(i);
    known.total.at(i) = std::max(known.total.at(i),
                                 known.past.at(i) + known.lost.at(i) + mwh_of(sums.above.wh.at(i)));
  }
  known.split = span.split;
  known.end = std::max(known.end, sums.end);
  if (span.is_whole) known.first = sums.first;
}

FlowCounters CounterBook::counters_of(DeviceNumber device,
                                      const history::EnergySources& sources) const {
  FlowCounters counters;
  const auto found = devices_.find(device);
  if (found == devices_.end()) return counters;
  for (const EnergyFlow flow : sources.flows) {
    const auto i = static_cast<std::size_t>(flow);
    if (found->second.is_known.at(i)) counters.at(i) = wh_of(found->second.total.at(i));
  }
  return counters;
}

// --- the home

void CounterBook::carry(const Base& base, const Device& device) {
  for (std::size_t i = 0; i < kEnergyFlows; ++i) {
    if (!device.is_known.at(i)) continue;
    if (!counts_for_home(static_cast<EnergyFlow>(i), base.is_meter, is_metered_)) continue;
    carried_.at(i) += device.total.at(i) - base.total.at(i);
    has_carried_.at(i) = true;
  }
  if (base.has_balance) carried_stored_ += stored_by(base, device);
}

std::int64_t CounterBook::stored_by(const Base& base, const Device& device) {
  const auto since = [&](EnergyFlow flow) {
    const auto i = static_cast<std::size_t>(flow);
    return device.total.at(i) - base.total.at(i);
  };
  return since(EnergyFlow::kPv) + since(EnergyFlow::kGridIn) - since(EnergyFlow::kLoad);
}

void CounterBook::drop_gone(std::span<const Member> members) {
  std::vector<DeviceNumber> numbers;
  numbers.reserve(members.size());
  for (const Member& each : members) numbers.push_back(each.number);
  std::ranges::sort(numbers);
  for (auto base = bases_.begin(); base != bases_.end();) {
    const bool is_there = std::ranges::binary_search(numbers, base->first);
    if (!is_there) carry(base->second, devices_.at(base->first));
    base = is_there ? std::next(base) : bases_.erase(base);
  }
  const auto is_gone = [&](const auto& each) {
    return !std::ranges::binary_search(numbers, each.first);
  };
  auto gone = std::ranges::count_if(devices_, is_gone);
  for (auto device = devices_.begin(); std::cmp_greater(gone, kMaxGone);) {
    if (!is_gone(*device)) {
      ++device;
      continue;
    }
    device = devices_.erase(device);
    --gone;
  }
}

void CounterBook::take_home(std::span<const Member> members, std::int64_t now_hour) {
  const bool is_metered =
      std::ranges::find(members, overview::Role::kMeter, &Member::role) != members.end();
  drop_gone(members);
  if (has_home_ && is_metered != is_metered_) {
    for (auto& [number, base] : bases_) {
      carry(base, devices_.at(number));
      base.total = devices_.at(number).total;
    }
  }
  is_metered_ = is_metered;
  // The role that counts is chosen here, so that carried counts hold whatever the home has now.
  constexpr auto kRole = overview::Role::kMeter;
  overview::HomeFlowSums sums(overview::HomeFlowSums::Grid::kMeasured);
  std::int64_t stored = carried_stored_;
  for (const Member& member : members) {
    const bool is_meter = member.role == kRole;
    overview::DeviceFlows flows;
    const auto device = devices_.find(member.number);
    if (device != devices_.end()) {
      const auto [base, is_new] = bases_.try_emplace(member.number);
      const bool has_balance = member.battery == overview::HomeFlowSums::Battery::kByBalance;
      if (!is_new &&
          (base->second.is_meter != is_meter || base->second.has_balance != has_balance)) {
        carry(base->second, device->second);
        base->second.total = device->second.total;
      }
      base->second.is_meter = is_meter;
      base->second.has_balance = has_balance;
      const bool has_past = has_home_ && device->second.first < updated_hour_ - 1;
      if (is_new && has_past) base->second.total = device->second.total;
      if (has_balance) stored += stored_by(base->second, device->second);
      for (std::size_t i = 0; i < kEnergyFlows; ++i) {
        if (!device->second.is_known.at(i)) continue;
        flows.at(i).value = wh_of(device->second.total.at(i) - base->second.total.at(i));
      }
    }
    sums.add(kRole, counted_flows(member.sources->flows, is_meter, is_metered), flows);
  }
  history::EnergySources carried;
  overview::DeviceFlows flows;
  for (std::size_t i = 0; i < kEnergyFlows; ++i) {
    if (!has_carried_.at(i)) continue;
    carried.flows.push_back(static_cast<EnergyFlow>(i));
    flows.at(i).value = wh_of(carried_.at(i));
  }
  sums.add(kRole, carried, flows);
  sums.add_stored(wh_of(stored));
  const overview::HomeFlows home = sums.flows();
  for (std::size_t i = 0; i < totals_.size(); ++i) {
    if (!home.values.at(i)) continue;
    totals_.at(i) = std::max(totals_.at(i).value_or(0), mwh_of(*home.values.at(i)));
  }
  has_home_ = true;
  updated_hour_ = now_hour;
}

HomeCounters CounterBook::home() const {
  HomeCounters counters;
  for (std::size_t i = 0; i < totals_.size(); ++i) {
    if (totals_.at(i)) counters.at(i) = wh_of(*totals_.at(i));
  }
  return counters;
}

// --- as JSON

JsonObject CounterBook::to_json() const {
  JsonObject devices;
  for (const auto& [number, device] : devices_) {
    devices[std::to_string(number)] =
        JsonObject{{"split", device.split},
                   {"first", device.first},
                   {"end", device.end},
                   {"total", counts_json(device.total, device.is_known)},
                   {"past", counts_json(device.past, device.is_known)},
                   {"lost", counts_json(device.lost, device.is_known)}};
  }
  JsonObject bases;
  for (const auto& [number, base] : bases_) {
    std::array<bool, kEnergyFlows> counted{};
    for (std::size_t i = 0; i < kEnergyFlows; ++i) counted.at(i) = base.total.at(i) != 0;
    bases[std::to_string(number)] = JsonObject{{"meter", base.is_meter},
                                               {"balance", base.has_balance},
                                               {"total", counts_json(base.total, counted)}};
  }
  JsonObject totals;
  for (std::size_t i = 0; i < totals_.size(); ++i) {
    if (totals_.at(i)) totals[name_of(static_cast<overview::Quantity>(i))] = *totals_.at(i);
  }
  return {{"version", kVersion},
          {"epoch", epoch_},
          {"devices", std::move(devices)},
          {"home", JsonObject{{"begun", has_home_},
                              {"metered", is_metered_},
                              {"updated", updated_hour_},
                              {"carried", counts_json(carried_, has_carried_)},
                              {"carriedStored", carried_stored_},
                              {"bases", std::move(bases)},
                              {"totals", std::move(totals)}}}};
}

Result<CounterBook> CounterBook::from_json(const Json& json) {
  CounterBook book;
  In in(json);
  const std::int64_t version = in.integer("version");
  bool good = version == kVersion || version == kVersionWithoutBalance;
  const Json* epoch = in.of("epoch");
  good = good && epoch != nullptr && epoch->is_string();
  if (good) book.epoch_ = epoch->get_string();
  in.each("devices", [&](std::string_view key, const Json& value) {
    const auto number = number_in(key);
    if (!number) return false;
    In fields(value);
    std::array<bool, kEnergyFlows> ignored{};
    Device& device = book.devices_[*number];
    device.split = fields.integer("split");
    device.first = fields.integer("first");
    device.end = fields.integer("end");
    counts_in(fields, "total", device.total, device.is_known);
    counts_in(fields, "past", device.past, ignored);
    counts_in(fields, "lost", device.lost, ignored);
    return fields.good();
  });
  const Json* of_home = in.of("home");
  if (of_home == nullptr) return fail(ErrorCode::kMalformed, "no counters of a home");
  In home(*of_home);
  book.has_home_ = home.flag("begun");
  book.is_metered_ = home.flag("metered");
  book.updated_hour_ = home.integer("updated");
  counts_in(home, "carried", book.carried_, book.has_carried_);
  if (version > kVersionWithoutBalance) book.carried_stored_ = home.integer("carriedStored");
  home.each("bases", [&](std::string_view key, const Json& value) {
    const auto number = number_in(key);
    if (!number || !book.devices_.contains(*number)) return false;
    In fields(value);
    Base& base = book.bases_[*number];
    auto counted = all_flows();
    base.is_meter = fields.flag("meter");
    base.has_balance = version > kVersionWithoutBalance && fields.flag("balance");
    counts_in(fields, "total", base.total, counted);
    return fields.good();
  });
  home.each("totals", [&](std::string_view key, const Json& value) {
    for (std::size_t i = 0; i < overview::kQuantities; ++i) {
      if (name_of(static_cast<overview::Quantity>(i)) != key || !value.is_int64()) continue;
      book.totals_.at(i) = value.get_int64();
      return true;
    }
    return false;
  });
  if (!good || !in.good() || !home.good()) {
    return fail(ErrorCode::kMalformed, "not the energy counters of an account");
  }
  return book;
}

}  // namespace gridloom::home
