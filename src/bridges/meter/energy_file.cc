#include "bridges/meter/energy_file.h"

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>

#include "base/read_file.h"
#include "storage/files.h"

namespace gridloom::bridges::meter {
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
