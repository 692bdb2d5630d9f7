// DIR/ready.json: the addresses of a running server, for scripts and tests. The file is written
// (mode 0600) once connections are accepted, and removed on exit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

class ReadyFile {
 public:
  [[nodiscard]] static Result<ReadyFile> write(const std::filesystem::path& data_folder,
                                               const wire::JsonObject& facts);
  ReadyFile(ReadyFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ReadyFile& operator=(ReadyFile&&) = delete;
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;
  ~ReadyFile();

 private:
  explicit ReadyFile(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// The folder of device files (--devices) of the server that runs on the data folder; empty: it has
// only those in the program, or none runs there.
[[nodiscard]] std::filesystem::path devices_of_server(const std::filesystem::path& data_folder);

// Waits for a server with --lab that is set back. Made before it is asked to.
class ReadyWatch {
 public:
  explicit ReadyWatch(std::filesystem::path data_folder);
  // Until the server is ready with that run, or a later one. kNoAnswer: not in time.
  [[nodiscard]] Status await(std::int64_t run, Millis patience);

 private:
  std::filesystem::path folder_;
  FileDescriptor changes_;  // of the folder
};

}  // namespace gridloom::app
