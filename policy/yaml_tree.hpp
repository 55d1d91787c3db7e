// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/problem.hpp"
#include "policy/yaml_events.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::policy {

/// Builds the tree of the first document from a parser's events, and refuses what the parser lets
/// pass. Whatever comes, in whatever order: it is a tree, or a problem.
class YamlTreeBuilder {
  public:
    explicit YamlTreeBuilder(std::vector<Problem>& problems) : problems_(problems) {}

    /// @return false: nothing that follows matters
    bool take(const YamlEvent& event);

    /// Reports what was missing. @return the tree; none: there was no document, or a broken one
    std::optional<YamlNode> finish();

  private:
    /// An open list or map.
    struct Level {
        YamlNode* node = nullptr;
        bool wants_key = false;
        std::set<std::string> keys{};
    };

    void error(Mark mark, std::string message, std::string hint = "");
    /// Reports what makes the rest meaningless. @return false
    bool stop(Mark mark, std::string message);
    void check_marks(const YamlEvent& event);
    void add_key(const YamlEvent& event, YamlNode::Kind kind);
    bool add(const YamlEvent& event, YamlNode::Kind kind);
    bool open(const YamlEvent& event, YamlNode::Kind kind);
    bool close(YamlNode::Kind kind);
    bool end_document();
    /// Whether a value may come now.
    [[nodiscard]] bool has_place() const;
    /// The next value's node, at its place in the tree.
    YamlNode& place(const YamlEvent& event, YamlNode::Kind kind);

    std::vector<Problem>& problems_;
    std::vector<Level> levels_;
    std::optional<YamlNode> root_;
    bool is_broken_ = false;
    bool has_ended_ = false;  ///< the first document
};

}  // namespace tollgate::policy
