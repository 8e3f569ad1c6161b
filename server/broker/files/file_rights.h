// The rights that a published file gets: those of a file newly made in its folder, or of the file
// of the same owner that it replaces.
//
// Thread safety: pure functions, and calls that act as the calling process. Ownership: none.

#ifndef BITSD_SERVER_BROKER_FILES_FILE_RIGHTS_H_
#define BITSD_SERVER_BROKER_FILES_FILE_RIGHTS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/broker/files/file_look.h"

namespace bitsd {

struct FileRights {
  mode_t mode = 0;
  std::string acl;             ///< As the kernel has it in an attribute; empty: the mode says all.
  std::optional<gid_t> group;  ///< Whom the group's rights are for; unset: whoever has them now.
};

/// Of a file that somebody makes with mode 0666 in `directory`: what the folder's default ACL
/// gives, or, without one, 0666 & ~`umask`. `path` is for the message.
absl::StatusOr<FileRights> RightsOfNewFile(int directory, mode_t umask, const std::string& path);

/// Of `file`, which is `name` in `directory`: its mode without set-id bits, its ACL, its group.
absl::StatusOr<FileRights> RightsOfFile(int directory, const std::string& name,
                                        const SeenFile& file, const std::string& path);

/// What the default ACL `acl` gives a file that is made with mode 0666, as the kernel does it;
/// nullopt when it is no ACL.
std::optional<FileRights> RightsFromDefaultAcl(std::string_view acl);

/// `rights` for a file whose group could not be made theirs: that group gets no more than
/// everybody.
FileRights WithoutGroup(FileRights rights);

/// Gives the open file `fd`, which is `now`, these rights. False: its file system did not take them
/// all, and the file gives nobody more than they do. An error when it would.
absl::StatusOr<bool> SetRights(int fd, const SeenFile& now, const FileRights& rights,
                               const std::string& path);

/// not_permitted when `file` gives others more of its data than `rights` do.
absl::Status CheckNoMore(const SeenFile& file, const FileRights& rights, const std::string& path);

/// A file system answers so that has no such thing as a mode, an ACL or a time that is set.
bool IsRefusalOfAttributes(int error);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_FILE_RIGHTS_H_
