#include "sim/household/household_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/household/calibration.h"
#include "sim/household/draws.h"

namespace gridloom::sim::household {
namespace {

constexpr double kHour_min = 60;
constexpr double kDay_h = kDayHours;

// Usual consumption of a home.
constexpr double kHome_kwh = 1050;
constexpr double kPerson_kwh = 750;

constexpr double kWorks = 0.68;  // of the grown-ups
constexpr double kSick = 0.04;
constexpr double kMostHomeOffice = 0.44;
constexpr int kChildFrom = 2;  // the third person and further ones
constexpr int kSchoolEnds = 180;
constexpr int kSchoolBegins = 222;
constexpr int kHolidays = 2;  // a year
constexpr int kHoliday_days = 8;
constexpr std::int64_t kGuestsEach_days = 61;
constexpr double kPowerSpread = 0.18;
constexpr double kRateSpread = 0.3;
constexpr double kNoHeating = -0.45;  // of the yearly wave

enum class Role : std::uint8_t { kWorker, kAtHome, kChild };

// A home of the usual consumption has two to four persons.
int persons_of(const Chance& chance, double yearly_kwh) {
  const int usual = static_cast<int>(std::lround((yearly_kwh - kHome_kwh) / kPerson_kwh));
  const double drawn = chance.split("persons").uniform(0);
  const int other = drawn < 0.25 ? -1 : drawn < 0.5 ? 1 : 0;
  return std::clamp(usual + other, 1, 4);
}

// Density of a use over the hours of a day, from its peaks.
double density(const Appliance& appliance, double hour) {
  double sum = 0.01;
  for (const Peak& peak : appliance.peaks) {
    if (peak.weight == 0) continue;
    const double off_h = std::fmod(hour - peak.hour + 1.5 * kDay_h, kDay_h) - kDay_h / 2;
    const double off = off_h / peak.spread_h;
    sum += peak.weight * std::exp(-0.5 * off * off);
  }
  return sum;
}

Cells all_one() {
  Cells cells;
  for (auto& season : cells) {
    for (auto& kind : season) kind.fill(1);
  }
  return cells;
}

// Puts the phases of a programme on the board, one after the other.
class Running final : public Programme {
 public:
  Running(HouseholdModel::Switchboard& board, HouseholdModel::Switchboard::Use use, double factor)
      : board_(board), use_(use), factor_(factor) {}
  void phase(double minutes, double power_w) override {
    use_.minutes = minutes;
    use_.power_w = power_w * factor_;
    if (power_w > 0) board_.use(use_);
    use_.from_min += minutes;
  }

 private:
  HouseholdModel::Switchboard& board_;
  HouseholdModel::Switchboard::Use use_;
  double factor_;
};

}  // namespace

Rates::Rates(const Inventory& inventory, const Cells& factors)
    : cumulative_(inventory.appliances.size()), factors_(factors) {
  for (std::size_t a = 0; a < cumulative_.size(); ++a) {
    Hours densities{};
    double sum = 0;
    for (std::size_t h = 0; h < kDayHours; ++h) {
      densities.at(h) = density(inventory.appliances[a], static_cast<double>(h) + 0.5);
      sum += densities.at(h);
    }
    for (std::size_t s = 0; s < kSeasons; ++s) {
      for (std::size_t k = 0; k < kDayKinds; ++k) {
        double so_far = 0;
        for (std::size_t h = 0; h < kDayHours; ++h) {
          so_far += densities.at(h) / sum * factors.at(s).at(k).at(h);
          cumulative_[a].at(s).at(k).at(h) = so_far;
        }
      }
    }
  }
}

double Rates::lamps(const Day& day, double hour) const {
  constexpr double kLeast = 0.45;
  constexpr double kMore = 0.4;
  const auto h = static_cast<std::size_t>(hour) % kDayHours;
  const double factor = factors_.at(static_cast<std::size_t>(day.season))
                            .at(static_cast<std::size_t>(day.kind))
                            .at(h);
  return kLeast + kMore * std::min(1.5, factor);
}

const Rates& Rates::shipped(const Inventory& inventory) {
  static const Rates home(home_inventory(), calibration());
  static const Rates camper(camper_inventory(), all_one());
  static const Rates ports(port_inventory(), all_one());
  if (&inventory == &port_inventory()) return ports;
  return &inventory == &camper_inventory() ? camper : home;
}

HouseholdModel::HouseholdModel(Chance chance, const Inventory& inventory, const Options& options)
    : chance_(chance),
      people_(options.people),
      inventory_(&inventory),
      rates_(options.rates != nullptr ? options.rates : &Rates::shipped(inventory)),
      persons_(options.persons != 0 ? options.persons
               : inventory.has_guests || people_
                   ? persons_of(people_.value_or(chance), options.yearly_kwh)
                   : 2),
      level_(inventory.has_guests ? options.yearly_kwh / (kHome_kwh + kPerson_kwh * persons_) : 1) {
}

bool HouseholdModel::is_away(const Day& day) const {
  if (!inventory_->has_guests && !people_) return false;
  const Chance holidays = people_.value_or(chance_).split("holidays");
  for (int k = 0; k < kHolidays; ++k) {
    const auto index = static_cast<std::uint64_t>(day.year) * kHolidays + static_cast<unsigned>(k);
    const int begins = static_cast<int>(350 * holidays.uniform(index));
    if (day.of_year >= begins && day.of_year < begins + kHoliday_days) return true;
  }
  return false;
}

// Some days of every two months.
bool HouseholdModel::has_guests(const Day& day) const {
  const std::int64_t number = day.number / kGuestsEach_days;
  Draws draws(chance_.split("guests"), number);
  const auto begins = static_cast<std::int64_t>(50 * draws.uniform());
  const auto days = 2 + static_cast<std::int64_t>(3 * draws.uniform());
  const std::int64_t since = day.number % kGuestsEach_days - begins;
  return since >= 0 && since < days;
}

void HouseholdModel::add_spans(int person, const Day& day, std::vector<Span>& spans) const {
  // The role and the person's own hours stay the same.
  const Chance people = people_.value_or(chance_);
  Draws always(people.split("person"), person);
  const bool works = always.happens(kWorks);
  const Role role = person >= kChildFrom ? Role::kChild : works ? Role::kWorker : Role::kAtHome;
  const double usual_wake_h =
      role == Role::kAtHome ? always.normal(7.3, 0.6) : always.normal(6.5, 0.5);
  const double usual_back_h =
      role == Role::kWorker ? always.normal(16.6, 0.9) : always.normal(14, 0.7);
  const double usual_sleep_h = always.normal(22.8, 0.6) - (role == Role::kChild ? 1.3 : 0);
  const double home_office = kMostHomeOffice * people.split("home office").uniform(0);

  Draws draws(people.split("day"), day.number * 8 + person);
  const bool at_home_to_work = draws.happens(home_office);
  const bool sick = draws.happens(kSick);
  const bool vacation = day.of_year > kSchoolEnds && day.of_year < kSchoolBegins;
  const bool free = day.is_free() || role == Role::kAtHome || sick ||
                    (role == Role::kWorker && at_home_to_work) ||
                    (role == Role::kChild && vacation);
  const bool late = day.kind == DayKind::kSaturday || day.is_friday;
  const double later_h = day.is_free() ? 1.4 : free ? 0.4 : 0;
  double awake_h = draws.normal(usual_wake_h + later_h, 0.4);
  const double sleep_h = draws.normal(usual_sleep_h + (late ? 0.6 : 0), 0.5);
  std::array<Span, 2> out{};
  if (free) {
    const double probability = day.is_free() ? 0.45 : 0.5;
    const double first_h = draws.normal(10.5, 1);
    const double second_h = draws.normal(15, 1.5);
    if (draws.happens(probability)) out[0] = {first_h, first_h + draws.lognormal(2.2, 0.5)};
    if (draws.happens(probability)) out[1] = {second_h, second_h + draws.lognormal(2.2, 0.5)};
  } else {
    const double leaves_h = awake_h + draws.lognormal(1, 0.25);
    out[0] = {leaves_h, std::max(leaves_h + 3, draws.normal(usual_back_h, 0.7))};
    const double evening_h = draws.normal(19, 0.6);
    if (draws.happens(0.2)) out[1] = {evening_h, evening_h + draws.lognormal(2.2, 0.3)};
  }
  const auto until = [&](const Span& next) {
    if (next.from_h > awake_h) spans.push_back({awake_h, std::min(next.from_h, sleep_h)});
    awake_h = std::max(awake_h, next.to_h);
  };
  for (const Span& each : out) {
    if (each.to_h > 0) until(each);
  }
  until({sleep_h, sleep_h});
}

std::vector<Span> HouseholdModel::awake(const Day& day) const {
  std::vector<Span> spans;
  if (is_away(day)) return spans;
  for (int person = 0; person < persons_; ++person) add_spans(person, day, spans);
  return spans;
}

void HouseholdModel::plan(const Day& day, Switchboard& board) const {
  const std::vector<Span> spans = awake(day);
  if (spans.empty()) return;
  for (std::size_t k = 0; k < inventory_->appliances.size(); ++k) {
    if (board.has(inventory_->appliances[k].circuit)) plan_appliance(k, day, spans, board);
  }
  plan_lamps(day, spans, board);
}

void HouseholdModel::plan_appliance(std::size_t index, const Day& day,
                                    const std::vector<Span>& spans, Switchboard& board) const {
  const Appliance& appliance = inventory_->appliances[index];
  const bool guests_own = inventory_->has_guests && appliance.circuit == inventory_->guest_circuit;
  if (guests_own && !has_guests(day)) return;
  const Chance chance = chance_.split(appliance.name);
  Draws always(chance.split("owned"), 0);
  if (!always.happens(appliance.owned)) return;
  const double power = always.lognormal(level_, kPowerSpread);
  const double rate = always.lognormal(1, kRateSpread);

  const double week = day.kind == DayKind::kSaturday ? appliance.saturday
                      : day.kind == DayKind::kSunday ? appliance.sunday
                                                     : 1;
  const Rates::Hours& hours = rates_->of(index, day);
  const double uses = (appliance.uses + appliance.uses_per_person * persons_) * rate * week *
                      (1 + appliance.winter * day.winter) * hours.back();
  Draws draws(chance, day.number);
  for (int left = draws.poisson(uses); left > 0; --left) {
    const double at = draws.uniform() * hours.back();
    const auto hour = std::ranges::lower_bound(hours, at) - hours.begin();
    const double from_h = static_cast<double>(hour) + draws.uniform();
    // After midnight, those of the evening before are still awake.
    const auto holds = [from_h](const Span& span) {
      return (span.from_h <= from_h && from_h < span.to_h) || from_h + kDay_h < span.to_h;
    };
    if (appliance.needs_people && std::ranges::none_of(spans, holds)) continue;
    Running running(board,
                    {.circuit = appliance.circuit,
                     .from_min = from_h * kHour_min,
                     .minutes = 0,
                     .power_w = 0,
                     .unsteady = appliance.unsteady},
                    power);
    appliance.run(draws, running);
  }
}

// People stay in one room after the other, and light it while it is dark.
void HouseholdModel::plan_lamps(const Day& day, const std::vector<Span>& spans,
                                Switchboard& board) const {
  const Lamps& lamps = inventory_->lamps;
  if (lamps.power_w == 0) return;
  const Chance chance = chance_.split("lamps");
  const double usual_w = (lamps.power_w + lamps.power_per_person_w * persons_) * level_ *
                         std::exp(kRateSpread * chance.split("power").normal(0));
  Draws draws(chance, day.number);
  for (const Span& span : spans) {
    for (double from_h = span.from_h; from_h < span.to_h;) {
      const double stay_h = draws.lognormal(0.45, 0.8);
      const double hour = std::fmod(from_h + 0.1 * draws.uniform() + kDay_h, kDay_h);
      const bool by_day = draws.happens(0.07);
      const bool lit = draws.happens(rates_->lamps(day, hour));
      const double power_w = usual_w * draws.lognormal(0.85, 0.5);
      const auto room = static_cast<std::size_t>(draws.uniform() * lamps.circuits);
      const std::size_t circuit = lamps.first_circuit + room;
      if ((day.is_dark(hour) || by_day) && lit && board.has(circuit)) {
        board.use({.circuit = circuit,
                   .from_min = from_h * kHour_min,
                   .minutes = std::min(stay_h, span.to_h - from_h) * kHour_min,
                   .power_w = power_w,
                   .unsteady = false});
      }
      from_h += stay_h;
    }
  }
}

double HouseholdModel::steady_w(std::size_t circuit, const Day& day) const {
  double sum_w = 0;
  for (const Standby& standby : inventory_->standby) {
    if (standby.circuit != circuit) continue;
    sum_w += standby.power_w * std::exp(standby.sigma * chance_.split("stand-by").normal(circuit));
  }
  const bool heats = inventory_->heating_w > 0 && inventory_->heating_circuit == circuit;
  if (heats && day.winter > kNoHeating) {
    sum_w += inventory_->heating_w * (0.125 + 0.875 * (day.winter - kNoHeating) / (1 - kNoHeating));
  }
  return sum_w * level_;
}

}  // namespace gridloom::sim::household
