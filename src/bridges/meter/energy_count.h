// The energies of a meter, integrated from the powers that are known, over restarts. They never
// fall, also not after a crash, though they are stored rarely: what is shown is at most what was
// promised in the file, which is always some way ahead of the count. After a crash the count goes
// on from the file, and the meter shows the promise until the count has come up to it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/worker.h"
#include "bridges/core/health.h"

namespace gridloom::bridges::meter {

struct Energies {
  double in_wh = 0;
  double out_wh = 0;
  friend bool operator==(const Energies&, const Energies&) = default;
};

struct StoredEnergies {
  Energies counted{};
  Energies promised{};  // at least what was shown
  friend bool operator==(const StoredEnergies&, const StoredEnergies&) = default;
};
// The form of the file: a JSON object.
[[nodiscard]] std::string to_text(const StoredEnergies& stored);
// kDamaged: it is no such text.
[[nodiscard]] Result<StoredEnergies> parse_stored(std::string_view text);

// Pure; one thread at a time.
class EnergyCount {
 public:
  static constexpr double kAhead_wh = 100;
  // Over a longer span a power says nothing.
  static constexpr Millis kLongestSpan{60'000};

  explicit EnergyCount(const StoredEnergies& from)
      : counted_(from.counted), least_(from.promised), promised_(from.promised) {}

  // The power was this for the time `dt`.
  void add(double power_w, Millis dt);
  [[nodiscard]] Energies shown() const;

  // The counts that have to be stored before the meter may show more. Nothing: there is no need
  // yet.
  [[nodiscard]] std::optional<StoredEnergies> to_store() const;
  // The counts that have to be stored at the end, so that the count continues exactly.
  [[nodiscard]] StoredEnergies at_end() const { return {.counted = counted_, .promised = shown()}; }
  void stored(const StoredEnergies& stored) { promised_ = stored.promised; }

 private:
  Energies counted_;
  Energies least_;     // that was shown before the start, perhaps
  Energies promised_;  // in the file
};

// The file of a meter's energies, read and written on a worker, because disks block.
// Thread rule: the bridges' loop.
class EnergyFile {
 public:
  struct Options {
    std::filesystem::path folder{};  // is made when it is needed
    Worker* worker = nullptr;        // its lane 0; both outlive this
    Loop* loop = nullptr;
    Health* health = nullptr;
  };
  // Begins to read.
  explicit EnergyFile(Options options);
  EnergyFile(const EnergyFile&) = delete;
  EnergyFile& operator=(const EnergyFile&) = delete;
  ~EnergyFile();

  // Null: the file has not been read yet.
  [[nodiscard]] EnergyCount* count();
  // Stores what the count wants to be stored, unless a write is under way.
  void tick();
  // Stores where the count stands. Waits for the disk, an eighth of a second at most.
  void end();

 private:
  struct State;
  void write(const StoredEnergies& stored);

  Options options_;
  std::shared_ptr<State> state_;
};

}  // namespace gridloom::bridges::meter
