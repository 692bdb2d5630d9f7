// States that bridges and the modes of batteries (home/battery_modes.h) must not forget, as texts
// under the name of the bridge, which is empty for those who are none, and a key: where each
// continues after a restart, and in a cluster at another node. Users keep little here and write
// seldom; a bridge, how far it has come in history and in the log of events, which have the rest.
//
// Thread rule: any function from any thread; it may block.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace gridloom::storage {

class States {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{16} * 1024 * 1024;

  States() = default;
  States(const States&) = delete;
  States& operator=(const States&) = delete;
  virtual ~States() = default;

  // kNotFound: there is none. kMalformed: it is damaged. kIo: it cannot be read now.
  [[nodiscard]] virtual Result<std::string> load(std::string_view bridge, std::string_view key) = 0;
  // Durable on return. kIo.
  [[nodiscard]] virtual Status save(std::string_view bridge, std::string_view key,
                                    std::string_view text) = 0;
};

// Files BRIDGE/KEY.json in a folder: of a server without a cluster.
class FolderStates final : public States {
 public:
  explicit FolderStates(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] Result<std::string> load(std::string_view bridge, std::string_view key) override;
  [[nodiscard]] Status save(std::string_view bridge, std::string_view key,
                            std::string_view text) override;

 private:
  [[nodiscard]] std::filesystem::path file_of(std::string_view bridge, std::string_view key) const;

  const std::filesystem::path folder_;
};

}  // namespace gridloom::storage
