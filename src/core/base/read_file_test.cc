#include "base/read_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "testing/temporary_folder.h"

namespace gridloom {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class ReadFile : public testing::Test {
 protected:
  fs::path file(const std::string& text) {
    const fs::path path = folder_ / "file";
    write_content(path, text);
    return path;
  }
  static std::string why(const fs::path& path, std::size_t most = 100) {
    const auto text = read_file(path, most);
    return text ? "it was read" : text.error().detail;
  }
  TemporaryFolder temporary_;
  const fs::path& folder_ = temporary_.path();
};

TEST_F(ReadFile, GivesEveryByte) {
  EXPECT_EQ(read_file(file(""), 0), "");
  const std::string bytes("\0\x01\xFF\n", 4);
  EXPECT_EQ(read_file(file(bytes), 4), bytes);
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(read_file(file(large), large.size()), large);
}

TEST_F(ReadFile, AFileOneByteOverTheLimitIsRefused) {
  EXPECT_EQ(why(file("12345"), 4), folder_.string() + "/file: cannot be read: more than 4 bytes");
}

TEST_F(ReadFile, ErrorsNameThePathAndTheReason) {
  EXPECT_EQ(why(folder_), folder_.string() + ": cannot be read: it is a folder, not a file");
  EXPECT_THAT(why(folder_ / "none"), HasSubstr("none: cannot be read: No such file"));
  EXPECT_THAT(why(file("x") / "below"), HasSubstr("Not a directory"));
  if (::geteuid() == 0) return;  // root may read everything
  const fs::path mine = file("x");
  fs::permissions(mine, fs::perms::none);
  EXPECT_THAT(why(mine), HasSubstr("Permission denied"));
}

TEST_F(ReadFile, AnEndlessFileIsRefused) {
  EXPECT_THAT(why("/dev/zero"), HasSubstr("/dev/zero: cannot be read: more than 100 bytes"));
  EXPECT_THAT(why("/dev/zero", std::size_t{1} << 40U),
              HasSubstr("more than " + std::to_string(kMaxOfStream)));
}

TEST_F(ReadFile, ControlCharactersInATextAreRefused) {
  EXPECT_EQ(read_text(file("a\tb\r\n\xC3\xA9"), 100), "a\tb\r\n\xC3\xA9");
  for (const char control : {'\0', '\x1B', '\x7F', '\b'}) {
    const auto text = read_text(file(std::string("ab") + control), 100);
    ASSERT_FALSE(text) << static_cast<int>(control);
    EXPECT_EQ(text.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(text.error().detail, HasSubstr("it is not text: byte 2 is a control character"));
  }
}

TEST_F(ReadFile, APipeIsReadToItsEnd) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::jthread writer([&pipe] { std::ofstream(pipe) << "from a pipe"; });
  EXPECT_EQ(read_file(pipe, 100), "from a pipe");
}

}  // namespace
}  // namespace gridloom
