#include "bridges/meter/energy_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <future>
#include <string>
#include <utility>

#include "base/read_file.h"
#include "storage/files.h"
#include "wire/json.h"

namespace gridloom::bridges::meter {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr double kHour_ms = 3'600'000;

JsonObject object_of(const Energies& energies) {
  return {{"in_wh", energies.in_wh}, {"out_wh", energies.out_wh}};
}

std::optional<double> number_in(const Json& object, std::string_view key) {
  const Json* const value = wire::member(object, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const auto number = value->to_number<double>();
  return std::isfinite(number) && number >= 0 ? std::optional(number) : std::nullopt;
}

std::optional<Energies> energies_in(const Json& object, std::string_view key) {
  const Json* const energies = wire::member(object, key);
  if (energies == nullptr) return std::nullopt;
  const auto in_wh = number_in(*energies, "in_wh");
  const auto out_wh = number_in(*energies, "out_wh");
  if (!in_wh || !out_wh) return std::nullopt;
  return Energies{.in_wh = *in_wh, .out_wh = *out_wh};
}

}  // namespace

std::string to_text(const StoredEnergies& stored) {
  return wire::to_text(JsonObject{{"counted", object_of(stored.counted)},
                                  {"promised", object_of(stored.promised)}}) +
         "\n";
}

Result<StoredEnergies> parse_stored(std::string_view text) {
  const auto parsed = wire::parse_json(text);
  if (!parsed) return fail(ErrorCode::kDamaged, parsed.error().detail);
  const auto counted = energies_in(*parsed, "counted");
  const auto promised = energies_in(*parsed, "promised");
  if (!counted || !promised) return fail(ErrorCode::kDamaged, "it has no energies");
  return StoredEnergies{.counted = *counted, .promised = *promised};
}

void EnergyCount::add(double power_w, Millis dt) {
  if (dt.count() <= 0 || dt > kLongestSpan) return;
  const double energy_wh = std::abs(power_w) * static_cast<double>(dt.count()) / kHour_ms;
  (power_w > 0 ? counted_.in_wh : counted_.out_wh) += energy_wh;
}

Energies EnergyCount::shown() const {
  const auto shown = [](double counted, double least, double promised) {
    return std::min(std::max(counted, least), promised);
  };
  return {.in_wh = shown(counted_.in_wh, least_.in_wh, promised_.in_wh),
          .out_wh = shown(counted_.out_wh, least_.out_wh, promised_.out_wh)};
}

std::optional<StoredEnergies> EnergyCount::to_store() const {
  constexpr double kSoon = 0.1;  // of the way ahead: time to store before the promise is reached
  const auto is_near = [](double counted, double promised) {
    return counted > promised - kSoon * kAhead_wh;
  };
  const bool is_first = promised_ == Energies();
  if (!is_first && !is_near(counted_.in_wh, promised_.in_wh) &&
      !is_near(counted_.out_wh, promised_.out_wh)) {
    return std::nullopt;
  }
  const auto ahead = [](double counted, double least) {
    return std::max(counted, least) + kAhead_wh;
  };
  return StoredEnergies{.counted = counted_,
                        .promised = {.in_wh = ahead(counted_.in_wh, least_.in_wh),
                                     .out_wh = ahead(counted_.out_wh, least_.out_wh)}};
}

namespace {

constexpr std::size_t kLane = 0;
constexpr std::size_t kMaxFile = 4096;
constexpr const char* kName = "energy.json";
constexpr std::chrono::milliseconds kPatience{125};
constexpr std::chrono::seconds kRetry{30};

using Steady = std::chrono::steady_clock;

// A file that is not there is one of a new meter.
Result<StoredEnergies> read_energies(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder / kName, error)) return StoredEnergies();
  GL_TRY(const auto text, read_file(folder / kName, kMaxFile));
  return parse_stored(text);
}

Status write_energies(const std::filesystem::path& folder, const StoredEnergies& stored) {
  GL_TRY(storage::make_data_folder(folder));
  return storage::write_private_file(folder / kName, to_text(stored));
}

}  // namespace

// Shared with the tasks that are under way.
struct EnergyFile::State {
  std::optional<EnergyCount> count{};
  bool is_writing = false;
  Steady::time_point retry_at{};
};

EnergyFile::EnergyFile(Options options)
    : options_(std::move(options)), state_(std::make_shared<State>()) {
  const bool posted =
      options_.worker->post(kLane, [folder = options_.folder, loop = options_.loop,
                                    health = options_.health, weak = std::weak_ptr<State>(state_)] {
        auto read = read_energies(folder);
        loop->post([read = std::move(read), weak, health, folder]() {
          const auto state = weak.lock();
          if (!state) return;
          if (!read) {
            health->error(fmt::format("{}: {}; the energies begin at 0", (folder / kName).string(),
                                      read.error().detail));
          }
          state->count.emplace(read.value_or(StoredEnergies()));
        });
      });
  if (!posted) state_->count.emplace(StoredEnergies());
}

EnergyFile::~EnergyFile() = default;

EnergyCount* EnergyFile::count() { return state_->count ? &*state_->count : nullptr; }

void EnergyFile::tick() {
  if (!state_->count || state_->is_writing || Steady::now() < state_->retry_at) return;
  if (const auto stored = state_->count->to_store()) write(*stored);
}

void EnergyFile::write(const StoredEnergies& stored) {
  state_->is_writing = options_.worker->post(
      kLane, [folder = options_.folder, loop = options_.loop, health = options_.health, stored,
              weak = std::weak_ptr<State>(state_)] {
        auto written = write_energies(folder, stored);
        loop->post([written = std::move(written), stored, weak, health] {
          const auto state = weak.lock();
          if (!state) return;
          state->is_writing = false;
          if (written) return state->count->stored(stored);
          health->error(fmt::format("its energies: {}", written.error().detail));
          state->retry_at = Steady::now() + kRetry;
        });
      });
}

void EnergyFile::end() {
  if (!state_->count) return;
  auto written = std::make_shared<std::promise<void>>();
  const bool posted = options_.worker->post(
      kLane, [folder = options_.folder, written, stored = state_->count->at_end()] {
        // If it fails, the file still has a promise that holds.
        static_cast<void>(write_energies(folder, stored));
        written->set_value();
      });
  if (posted) static_cast<void>(written->get_future().wait_for(kPatience));
}

}  // namespace gridloom::bridges::meter
