#include "journal/local/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "storage/files.h"

namespace gridloom::journal {
namespace {

using storage::FileDescriptor;
using storage::system_error;

constexpr mode_t kPrivateFile = 0600;
constexpr std::size_t kChunksAtOnce = 256;  // at most IOV_MAX

FileDescriptor open_file(const std::filesystem::path& path, int flags) {
  return FileDescriptor(::open(path.c_str(), flags | O_CLOEXEC, kPrivateFile));
}

Status sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor handle = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!handle.is_open() || ::fsync(handle.get()) != 0) return system_error("cannot sync", folder);
  return {};
}

// The chunks that remain to be written, in the form that the kernel takes.
class Remaining {
 public:
  explicit Remaining(std::span<const std::string_view> chunks) : parts_(chunks) { skip(0); }

  [[nodiscard]] bool empty() const { return parts_.empty(); }
  // Returns the next chunks; the kernel only reads them.
  [[nodiscard]] std::span<const iovec> fill() {
    const std::size_t count = std::min(parts_.size(), kChunksAtOnce);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view chunk = i == 0 ? parts_[0].substr(into_first_) : parts_[i];
      vector_[i] = {.iov_base = const_cast<char*>(chunk.data()), .iov_len = chunk.size()};
    }
    return {vector_.data(), count};
  }
  void skip(std::size_t written) {
    into_first_ += written;
    while (!parts_.empty() && into_first_ >= parts_[0].size()) {
      into_first_ -= parts_[0].size();
      parts_ = parts_.subspan(1);
    }
  }

 private:
  std::span<const std::string_view> parts_;
  std::size_t into_first_ = 0;
  std::array<iovec, kChunksAtOnce> vector_{};
};

class RealFile final : public AppendFile {
 public:
  RealFile(FileDescriptor file, std::filesystem::path path)
      : file_(std::move(file)), path_(std::move(path)) {}

  Status append(std::span<const std::string_view> chunks) override {
    Remaining rest(chunks);
    while (!rest.empty()) {
      const std::span<const iovec> now = rest.fill();
      const ssize_t written = ::writev(file_.get(), now.data(), static_cast<int>(now.size()));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error("cannot write", path_);
      rest.skip(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status sync() override {
    if (::fdatasync(file_.get()) != 0) return system_error("cannot sync", path_);
    return {};
  }

 private:
  FileDescriptor file_;
  std::filesystem::path path_;
};

class RealDisk final : public Disk {
 public:
  explicit RealDisk(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Result<std::unique_ptr<AppendFile>> create(const std::string& name) override {
    const std::filesystem::path path = folder_ / name;
    GL_TRY(remove(name));
    FileDescriptor file = open_file(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL);
    if (!file.is_open()) return system_error("cannot make", path);
    if (::fchmod(file.get(), kPrivateFile) != 0) return system_error("cannot protect", path);
    GL_TRY(sync_folder(folder_));
    return std::make_unique<RealFile>(std::move(file), path);
  }

  Result<std::string> read(const std::string& name) override {
    const std::filesystem::path path = folder_ / name;
    const FileDescriptor file = open_file(path, O_RDONLY);
    if (!file.is_open()) {
      if (errno == ENOENT) return fail(ErrorCode::kNotFound, path.string() + " does not exist");
      return system_error("cannot open", path);
    }
    struct stat facts{};
    if (::fstat(file.get(), &facts) != 0) return system_error("cannot read", path);
    return storage::read_start(file, path, static_cast<std::size_t>(facts.st_size));
  }

  Result<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(folder_, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      if (entry->is_regular_file(error)) names.push_back(entry->path().filename().string());
    }
    if (error) {
      return fail(ErrorCode::kIo,
                  fmt::format("cannot list {}: {}", folder_.string(), error.message()));
    }
    std::ranges::sort(names);
    return names;
  }

  Status remove(const std::string& name) override {
    const std::filesystem::path path = folder_ / name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("cannot remove", path);
    return {};
  }

  Status truncate(const std::string& name, std::uint64_t size) override {
    const std::filesystem::path path = folder_ / name;
    const FileDescriptor file = open_file(path, O_WRONLY);
    if (!file.is_open()) return system_error("cannot open", path);
    if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) {
      return system_error("cannot cut", path);
    }
    if (::fdatasync(file.get()) != 0) return system_error("cannot sync", path);
    return {};
  }

  Status replace(const std::string& name, std::string_view bytes) override {
    return storage::write_private_file(folder_ / name, bytes);
  }

  Status sync(const std::string& name) override {
    const std::filesystem::path path = folder_ / name;
    const FileDescriptor file = open_file(path, O_WRONLY);
    if (!file.is_open()) return system_error("cannot open", path);
    if (::fdatasync(file.get()) != 0) return system_error("cannot sync", path);
    return {};
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace

Result<std::unique_ptr<Disk>> open_folder(const std::filesystem::path& folder) {
  GL_TRY(storage::make_data_folder(folder));
  const std::filesystem::path parent = folder.has_parent_path() ? folder.parent_path() : ".";
  GL_TRY(sync_folder(parent));
  return std::make_unique<RealDisk>(folder);
}

}  // namespace gridloom::journal
