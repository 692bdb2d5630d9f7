#include "sim/physics_packs.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sim/models/parts.h"
#include "sim/rounding.h"

namespace gridloom::sim::physics {
namespace {

using catalog::Quantity;

constexpr double kNominal_v = 3.2;          // of a cell
constexpr double kEqualising_w = 500;       // at most, as a real pair of packs had it
constexpr double kEqualising_h = 0.1;       // in which a small difference would be gone
constexpr double kClose_percent = 0.5;      // nearer packs leave each other alone
constexpr double kEqualising_share = 0.98;  // of what fuller packs give, that the others get
constexpr double kEdge_percent = 2;         // from full and empty, where a pack takes no part

double energy_wh(const BatteryPart& part, const BatteryState& state) {
  return state.battery.capacity_ah() * part.options.cells * kNominal_v;
}

// The power that each battery gives the others, in W at its terminals: positive is taken. Empty:
// none does.
std::vector<double> exchange_w(const std::vector<BatteryPart>& parts,
                               const std::vector<BatteryState>& states) {
  const auto may = [&](std::size_t k) {
    const double soc = states[k].battery.soc_percent();
    return states[k].plugged && !states[k].blocked && soc >= kEdge_percent &&
           soc <= 100 - kEdge_percent;
  };
  double full_wh = 0;
  double stored_wh = 0;
  bool has_packs = false;
  for (std::size_t k = 0; k < states.size(); ++k) {
    if (!may(k)) continue;
    has_packs = has_packs || parts[k].pack > 0;
    const double wh = energy_wh(parts[k], states[k]);
    full_wh += wh;
    stored_wh += wh * states[k].battery.soc_percent() / 100;
  }
  if (!has_packs) return {};
  const double mean_percent = 100 * stored_wh / full_wh;
  std::vector<double> each_w(states.size());
  double given_w = 0;
  double widest_percent = 0;
  for (std::size_t k = 0; k < states.size(); ++k) {
    if (!may(k)) continue;
    const double below_percent = mean_percent - states[k].battery.soc_percent();
    widest_percent = std::max(widest_percent, std::abs(below_percent));
    each_w[k] = energy_wh(parts[k], states[k]) * below_percent / 100 / kEqualising_h;
    given_w += std::max(0.0, -each_w[k]);
  }
  if (widest_percent < kClose_percent) return {};
  const double share = std::min(1.0, kEqualising_w / given_w);
  for (double& one_w : each_w) one_w *= one_w > 0 ? share * kEqualising_share : share;
  return each_w;
}

// How much of the exchange the batteries can bear beside what they take from the bus.
double bearable(const std::vector<BatteryPart>& parts, const std::vector<double>& each_w,
                const auto& terminal_w) {
  double share = 1;
  for (std::size_t k = 0; k < each_w.size(); ++k) {
    if (each_w[k] == 0) continue;
    const double most_w = each_w[k] > 0 ? parts[k].charge_w : parts[k].discharge_w;
    const double spare_w = each_w[k] > 0 ? most_w - terminal_w(k) : most_w + terminal_w(k);
    share = std::min(share, std::max(0.0, spare_w) / std::abs(each_w[k]));
  }
  return share;
}

}  // namespace

Together together(const std::vector<BatteryPart>& parts, const std::vector<BatteryState>& states) {
  Together sum;
  for (std::size_t k = 0; k < states.size(); ++k) {
    const BatteryState& state = states[k];
    if (!state.plugged) continue;
    const double full_wh = energy_wh(parts[k], state);
    const double soc = state.battery.soc_percent();
    sum.power_w += to_w(state.power_mw);
    sum.current_a += state.battery.current_a();
    sum.nominal_w += state.battery.current_a() * parts[k].options.cells * kNominal_v;
    sum.full_wh += full_wh;
    sum.stored_wh += full_wh * soc / 100;
    sum.missing_wh += full_wh * std::max(0.0, state.max_percent - soc) / 100;
    sum.left_wh += full_wh * std::max(0.0, soc - state.min_percent) / 100;
    sum.count += state.count;
  }
  return sum;
}

double minutes(double energy_wh, double power_w) {
  constexpr double kMinutes = 60;
  return std::floor(std::min<double>(kLongest_min, kMinutes * energy_wh / power_w));
}

bool is_plugged(const BatteryPart& part, const Environment& environment) {
  return static_cast<double>(part.pack) <= environment.pack_count;
}

void take_packs(const std::vector<BatteryPart>& parts, std::vector<BatteryState>& states,
                const Environment& environment) {
  for (std::size_t k = 0; k < states.size(); ++k) {
    const std::size_t pack = parts[k].pack;
    states[k].plugged = pack == 0 || is_plugged(parts[k], environment);
    if (pack > 0 && pack <= environment.packs.size()) {
      states[k].serial = environment.packs[pack - 1].sn;
    }
  }
}

double run_batteries(const std::vector<BatteryPart>& parts, std::vector<BatteryState>& states,
                     double asked_w, const BatteryStep& step) {
  const bool charge = asked_w > 0;
  double most_w = 0;
  for (const BatteryState& state : states) most_w += charge ? state.take_w : state.give_w;
  const double share = most_w > 0 ? asked_w / most_w : 0;
  const auto terminal_w = [&](std::size_t k) {
    const double bus_w = share * (charge ? states[k].take_w : states[k].give_w);
    return charge ? bus_w * parts[k].efficiency : bus_w / parts[k].efficiency;
  };
  std::vector<double> each_w = exchange_w(parts, states);
  const double borne = bearable(parts, each_w, terminal_w);
  for (double& one_w : each_w) one_w *= borne;
  double taken_w = 0;
  for (std::size_t k = 0; k < states.size(); ++k) {
    BatteryState& state = states[k];
    state.charged_uj = 0;
    if (!state.plugged) continue;
    const double exchanged_w = each_w.empty() ? 0 : each_w[k];
    const std::int64_t before_uj = state.battery.energy_totals().terminal_uj;
    state.battery.apply({.power_w = terminal_w(k) + exchanged_w,
                         .seconds = seconds_of(step.dt),
                         .air_c = step.air_c});
    state.charged_uj = state.battery.energy_totals().terminal_uj - before_uj;
    const double cells_w =
        static_cast<double>(state.charged_uj) / (1000 * static_cast<double>(step.dt.count())) -
        exchanged_w;
    taken_w += cells_w > 0 ? cells_w / parts[k].efficiency : cells_w * parts[k].efficiency;
  }
  return taken_w;
}

void write_all(Fields& fields, std::span<const Feed> feeds, const std::vector<BatteryPart>& parts,
               const std::vector<BatteryState>& states) {
  if (feeds.empty()) return;
  const Together sum = together(parts, states);
  const auto put = [&fields](const Feed& feed, double value) {
    fields.set_in_range(feed.slot, feed.sign * value);
  };
  const auto put_time = [&](const Feed& feed, double wh, double sign) {
    const bool applies = sign * sum.power_w >= kIdle_w;
    if (!applies && feed.absent) return fields.set(feed.slot, *feed.absent);
    put(feed, applies ? minutes(wh, sign * sum.nominal_w) : kLongest_min);
  };
  for (const Feed& feed : feeds) {
    switch (feed.quantity) {
      case Quantity::kSoc:
        put(feed, sum.soc_percent());
        break;
      case Quantity::kPower:
        put(feed, sum.power_w);
        break;
      case Quantity::kChargePower:
        put(feed, std::max(0.0, sum.power_w));
        break;
      case Quantity::kDischargePower:
        put(feed, std::max(0.0, -sum.power_w));
        break;
      case Quantity::kCurrent:
        put(feed, sum.current_a);
        break;
      case Quantity::kCapacityEnergy:
        put(feed, sum.full_wh);
        break;
      case Quantity::kTimeToFull:
        put_time(feed, sum.missing_wh, 1);
        break;
      case Quantity::kTimeToEmpty:
        put_time(feed, sum.left_wh, -1);
        break;
      case Quantity::kState:
        fields.set(feed.slot, feed.states.at(state_of(sum.power_w)));
        break;
      default:
        put(feed, sum.count);
        break;
    }
  }
}

}  // namespace gridloom::sim::physics
