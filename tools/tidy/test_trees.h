// Small trees made of strings, and the findings of a rule in them, for the tests of the rules.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tidy/rules.h"
#include "tidy/tree.h"

namespace gridloom::tidy {

using Rule = void (*)(const Tree&, Report&);

struct File {
  std::string path;
  std::string text;
};

inline std::vector<std::string> findings_of(Rule rule, const std::vector<File>& files) {
  std::vector<Source> sources;
  sources.reserve(files.size());
  for (const File& file : files) sources.emplace_back(file.path, file.text);
  Report report;
  rule(Tree(std::move(sources)), report);
  std::vector<std::string> out;
  for (const Finding& finding : report.findings()) out.push_back(to_text(finding));
  return out;
}

// The findings for one file with this code in some folder.
inline std::vector<std::string> findings_of(Rule rule, const std::string& code) {
  return findings_of(rule, {{"src/net/a.cc", code}});
}

inline std::string repeated(const std::string& line, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += line;
  return out;
}

}  // namespace gridloom::tidy
