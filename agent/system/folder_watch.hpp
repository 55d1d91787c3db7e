// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <utility>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// Tells that the files of a folder have changed (inotify(7)): one was written and closed, removed,
/// or renamed into, within or out of the folder. Symbolic links count as files, so that the swap of
/// `..data` by which Kubernetes updates a ConfigMap is seen. The folder may come later, or go.
class FolderWatch {
  public:
    /// @return what inotify_init1(2) returns; a folder that is not there is no error
    [[nodiscard]] static Result<FolderWatch> create(std::filesystem::path folder);

    /// Polls readable when there is something to take; the same for good.
    [[nodiscard]] int fd() const { return inotify_.get(); }
    /// Whether anything has changed since the last call. Never blocks.
    [[nodiscard]] bool take();
    /// Begins to watch a folder that was not there. @return true: it does since this call
    [[nodiscard]] bool retry();

  private:
    FolderWatch(FileDescriptor inotify, std::filesystem::path folder)
        : inotify_{std::move(inotify)}, folder_{std::move(folder)} {}

    void forget();

    FileDescriptor inotify_;
    std::filesystem::path folder_;
    int watch_ = -1;  ///< negative: the folder is not there
};

}  // namespace tollgate::agent
