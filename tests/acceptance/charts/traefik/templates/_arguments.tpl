{{- define "traefik.arguments" -}}
{{- range $name, $port := .Values.ports }}
- --entryPoints.{{ $name }}.address=:{{ $port.port }}/tcp
{{- with $port.http }}
{{- if (.tls).enabled }}
- --entryPoints.{{ $name }}.http.tls=true
{{- end }}
{{- with (.redirections).entryPoint }}
- --entryPoints.{{ $name }}.http.redirections.entryPoint.to={{ eq .to "websecure" | ternary (printf ":%v" $.Values.ports.websecure.exposedPort) .to }}
- --entryPoints.{{ $name }}.http.redirections.entryPoint.scheme={{ .scheme | default "https" }}
- --entryPoints.{{ $name }}.http.redirections.entryPoint.permanent={{ .permanent | default false }}
{{- end }}
{{- end }}
{{- end }}
- --ping=true
- --log.level={{ .Values.log.level }}
{{- if not .Values.global.checkNewVersion }}
- --global.checkNewVersion=false
{{- end }}
- --global.sendAnonymousUsage={{ .Values.global.sendAnonymousUsage }}
{{- with .Values.metrics.prometheus }}
- --metrics.prometheus=true
- --metrics.prometheus.entrypoint={{ .entryPoint }}
- --metrics.prometheus.addRoutersLabels={{ .addRoutersLabels }}
{{- end }}
{{- with .Values.providers.kubernetesCRD }}
{{- if .enabled }}
- --providers.kubernetescrd
- --providers.kubernetescrd.allowEmptyServices=true
- --providers.kubernetescrd.allowCrossNamespace={{ .allowCrossNamespace }}
{{- with .ingressClass }}
- --providers.kubernetescrd.ingressClass={{ . }}
{{- end }}
{{- with .namespaces }}
- --providers.kubernetescrd.namespaces={{ join "," . }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.providers.kubernetesIngress }}
{{- if .enabled }}
- --providers.kubernetesingress
- --providers.kubernetesingress.allowEmptyServices={{ .allowEmptyServices }}
{{- with .ingressClass }}
- --providers.kubernetesingress.ingressClass={{ . }}
{{- end }}
{{- with .namespaces }}
- --providers.kubernetesingress.namespaces={{ join "," . }}
{{- end }}
{{- if and .publishedService.enabled (or $.Values.service.enabled .publishedService.pathOverride) }}
- --providers.kubernetesingress.ingressendpoint.publishedservice={{ .publishedService.pathOverride | default (printf "%s/%s" $.Release.Namespace (include "traefik.service" $)) }}
{{- end }}
{{- end }}
{{- end }}
{{- range .Values.additionalArguments }}
- {{ . | quote }}
{{- end }}
{{- end }}
