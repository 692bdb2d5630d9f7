// A plugin for clang-tidy (--load): its checks walk the files of the project only. Without it they
// walk every declaration of the system's headers as well, which is most of their time, and then
// drop what they found there. A check that follows calls into those headers finds less: none that
// .clang-tidy names does.
#include <clang/AST/ASTConsumer.h>
#include <clang/AST/ASTContext.h>
#include <clang/Basic/SourceManager.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/FrontendPluginRegistry.h>

#include <memory>
#include <string>
#include <vector>

namespace gridloom::scope {
namespace {

class OwnCode : public clang::ASTConsumer {
 public:
  void HandleTranslationUnit(clang::ASTContext& context) override {
    const clang::SourceManager& files = context.getSourceManager();
    std::vector<clang::Decl*> own;
    for (clang::Decl* each : context.getTranslationUnitDecl()->decls()) {
      if (!files.isInSystemHeader(files.getExpansionLoc(each->getLocation()))) {
        own.push_back(each);
      }
    }
    context.setTraversalScope(own);
  }
};

// Runs before the checks, and asks for no argument.
class LimitToOwnCode : public clang::PluginASTAction {
 public:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& /*compiler*/,
                                                        llvm::StringRef /*file*/) override {
    return std::make_unique<OwnCode>();
  }
  bool ParseArgs(const clang::CompilerInstance& /*compiler*/,
                 const std::vector<std::string>& /*arguments*/) override {
    return true;
  }
  ActionType getActionType() override { return AddBeforeMainAction; }
};

const clang::FrontendPluginRegistry::Add<LimitToOwnCode> kAdded("own-code",
                                                                "walks the project's files only");

}  // namespace
}  // namespace gridloom::scope
