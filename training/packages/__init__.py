"""What a package is made of: what was asked for, what trees learn, the files, the manifest. No clock, no machine.

Door: `package_request.Request`, `package_build.fit_beds`, `package_build.fit_waits`, `package_manifest.manifest_of`.
"""
