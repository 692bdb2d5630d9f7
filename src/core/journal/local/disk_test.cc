#include "journal/local/disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "journal/local/log.h"
#include "testing/temporary_folder.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Limits the size of files: a write up to the limit is short, the next one fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = size;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

Status append(AppendFile& file, std::vector<std::string_view> chunks) {
  return file.append(chunks);
}

TEST(Folder, IsMadePrivateWithPrivateFilesWhateverTheUmask) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  const auto disk = open_folder(folder.data());
  ASSERT_TRUE(disk) << disk.error().detail;
  ASSERT_TRUE((*disk)->create("a"));
  ::umask(0777);
  ASSERT_TRUE((*disk)->create("b"));
  ::umask(before);
  EXPECT_EQ(mode_of(folder.data()), 0700U);
  EXPECT_EQ(mode_of(folder.data() / "a"), 0600U);
  EXPECT_EQ(mode_of(folder.data() / "b"), 0600U);
  EXPECT_TRUE(open_folder(folder.data())) << "one that is there";
}

TEST(Folder, FilesAreAppendedToReadCutAndRemoved) {
  const TemporaryFolder folder;
  const auto disk = open_folder(folder.data());
  ASSERT_TRUE(disk);
  const auto file = (*disk)->create("b");
  ASSERT_TRUE(file);
  EXPECT_TRUE(append(**file, {"one", "", " two"}));
  EXPECT_TRUE(append(**file, {}));
  EXPECT_TRUE(append(**file, {"", ""}));
  EXPECT_TRUE(append(**file, {" three"}));
  EXPECT_TRUE((*file)->sync());
  EXPECT_EQ(*(*disk)->read("b"), "one two three");
  EXPECT_TRUE((*disk)->create("a"));
  std::filesystem::create_directory(folder.data() / "folder");
  EXPECT_THAT(*(*disk)->list(), ElementsAre("a", "b"));
  EXPECT_TRUE((*disk)->truncate("b", 3));
  EXPECT_EQ(*(*disk)->read("b"), "one");
  EXPECT_TRUE((*disk)->remove("b"));
  EXPECT_TRUE((*disk)->remove("b")) << "it does not exist, as wanted";
  EXPECT_THAT(*(*disk)->list(), ElementsAre("a"));
}

TEST(Folder, ANewFileTakesThePlaceOfTheOldAndIsAnother) {
  const TemporaryFolder folder;
  const auto disk = open_folder(folder.data());
  ASSERT_TRUE(disk);
  const auto old = (*disk)->create("a");
  EXPECT_TRUE(append(**old, {"old"}));
  const auto fresh = (*disk)->create("a");
  ASSERT_TRUE(fresh);
  EXPECT_TRUE(append(**fresh, {"new"}));
  EXPECT_TRUE(append(**old, {"er"}));
  EXPECT_EQ(*(*disk)->read("a"), "new");
}

TEST(Folder, ManyPartsAreWrittenInOrder) {
  const TemporaryFolder folder;
  const auto disk = open_folder(folder.data());
  ASSERT_TRUE(disk);
  std::vector<std::string> texts;
  std::string all;
  for (std::size_t i = 0; i < 3000; ++i) all += texts.emplace_back(i % 90, static_cast<char>(i));
  const auto file = (*disk)->create("a");
  ASSERT_TRUE(file);
  EXPECT_TRUE(append(**file, {texts.begin(), texts.end()}));
  EXPECT_EQ(*(*disk)->read("a"), all);
}

TEST(Folder, FailuresNameThePathAndTheReason) {
  const TemporaryFolder folder;
  const auto disk = open_folder(folder.data());
  ASSERT_TRUE(disk);
  const auto gone = (*disk)->read("gone");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(gone.error().detail, HasSubstr("gone"));
  const Status cut = (*disk)->truncate("gone", 1);
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().detail, HasSubstr("No such file"));
  write_content(folder.path() / "file", "");
  EXPECT_FALSE(open_folder(folder.path() / "file"));
  const auto file = (*disk)->create("a");
  ASSERT_TRUE(file);
  const FileSizeLimit limit(10);
  const Status written = append(**file, {"123456", "78901234"});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kIo);
  EXPECT_THAT(written.error().detail, HasSubstr((folder.data() / "a").string()));
  EXPECT_THAT(written.error().detail, HasSubstr("File too large"));
  EXPECT_EQ(content_of(folder.data() / "a"), "1234567890") << "a short write is continued";
}

TEST(Folder, ALogOnItSaysWhatIsWrongAndRecovers) {
  const TemporaryFolder folder;
  const auto disk = open_folder(folder.data());
  ASSERT_TRUE(disk);
  std::vector<std::string> told;
  {
    const auto log = Log::open({.disk = disk->get()}, 0, [](const Record&) {});
    ASSERT_TRUE(log);
    const auto append_one = [&](const std::string& payload) {
      (*log)->append(RecordKind::kReports, payload, [&told, payload] { told.push_back(payload); });
      return (*log)->flush();
    };
    EXPECT_TRUE(append_one("one"));
    {
      const FileSizeLimit limit(100);
      EXPECT_FALSE(append_one(std::string(200, '2')));
      const auto failing = (*log)->health().failing;
      ASSERT_TRUE(failing);
      EXPECT_THAT(*failing, HasSubstr(folder.data().string()));
      EXPECT_THAT(*failing, HasSubstr("File too large"));
    }
    EXPECT_TRUE(append_one("three"));
    EXPECT_FALSE((*log)->health().failing);
    EXPECT_THAT(told, ElementsAre("one", std::string(200, '2'), "three"));
  }
  std::vector<std::string> replayed;
  const auto again = Log::open({.disk = disk->get()}, 0, [&](const Record& record) {
    replayed.emplace_back(record.payload);
  });
  ASSERT_TRUE(again);
  EXPECT_EQ(replayed, told);
  EXPECT_EQ((*again)->health().damaged_places, 0U);
}

}  // namespace
}  // namespace gridloom::journal
