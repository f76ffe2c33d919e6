using System;

namespace Microsoft.Build.Framework;

/// <summary>
/// Tells MSBuild that a task touches no state of the process, so that it may run in a multithreaded build. MSBuild looks for the name only;
/// the reference assembly has no such type yet.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
internal sealed class MSBuildMultiThreadableTaskAttribute : Attribute;
