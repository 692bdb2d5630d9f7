// The file of a meter's energies, read and written on a worker, because disks block.
// Thread rule: the bridges' loop.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/loop.h"
#include "base/worker.h"
#include "bridges/core/health.h"
#include "bridges/meter/energy_count.h"

namespace gridloom::bridges::meter {

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
